package noren

import "context"

func (r importRun) planPurchases(ctx context.Context, lines []ImportLine) (importPlan, error) {
	return newPlan(lines), nil
}
