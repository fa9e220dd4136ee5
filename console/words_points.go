package console

// pointListWords are the messages of the lists of points.
func pointListWords() map[string]text {
	return map[string]text{
		"points.list_title":     {"ポイントの動き", "Movements of points"},
		"points.list_none":      {"該当するポイントの動きはありません。", "No movements match."},
		"points.flow_any":       {"すべて", "All"},
		"points.since":          {"この日以降", "From"},
		"points.expiring_title": {"%sに失効するポイント", "Points that expire in %s"},
		"points.expiring_none":  {"この月に失効するポイントはありません。", "No points expire in this month."},
	}
}
