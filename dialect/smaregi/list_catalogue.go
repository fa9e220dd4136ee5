package smaregi

import (
	"slices"
	"strconv"

	"noren"
	"noren/wire"
)

// What is the same of every product and store here, in the documents' words. Filters for these keys compare with it.
const (
	productShown     = "1" // displayFlag
	productOrdinary  = "0" // division: neither coupon tickets nor an option
	productSold      = "0" // salesDivision
	productStocked   = "0" // stockControlDivision
	bundleDefault    = "9" // maxBundleProductCount, as documented
	storeOpen        = "0" // pauseFlag
	pointsApply      = "0" // pointNotApplicable
	taxDefault       = "1" // taxDivision, as documented
	expiryNone       = "0" // expireDivision
	expiryMonths     = "2"
	expiryWordsLabel = "失効区分 (0:失効なし、1:日、2:月、3:年)"
)

// catalogueSpan is what upd_date_time-from and -to fill in.
func catalogueSpan(f *noren.CatalogueFilter) *noren.Span { return &f.Updated }

// noneOfCatalogue makes the filter select nothing.
func noneOfCatalogue(f *noren.CatalogueFilter) { f.Codes = []string{} }

// catalogueFilters are the filters of stores and products; code is the parameter for their code.
func catalogueFilters(code, label string, more ...filter[noren.CatalogueFilter]) []filter[noren.CatalogueFilter] {
	return slices.Concat([]filter[noren.CatalogueFilter]{
		textFilter(code, label, maxCode, func(f *noren.CatalogueFilter) *string { return &f.Code }),
	}, more, updatedFilters(catalogueSpan))
}

// storeList has the documented page of GET /stores. Stores have no sequence of their own: they are shown by their ids.
func storeList() list[noren.CatalogueFilter, zoned[noren.Store]] {
	return list[noren.CatalogueFilter, zoned[noren.Store]]{
		sortable: [][2]string{
			{"storeId", "id"}, {"storeCode", "code"}, {"storeName", "name"}, {"displaySequence", "id"}, {"updDateTime", "updated_at"},
		},
		filters: catalogueFilters("store_code", "店舗コード"), span: catalogueSpan, view: storeView(),
		extras: []extra[zoned[noren.Store]]{
			withSwitch("with_point_condition", "ポイント条件", wire.Shown[zoned[noren.Store]]{
				Name: "pointCondition", Value: pointCondition, Schema: pointConditionSchema(),
			}),
			withSwitch("with_receipt_print_info", "レシート印字情報", wire.Shown[zoned[noren.Store]]{
				Name: "receiptPrintInfo", Value: func(zoned[noren.Store]) any { return nil },
				Schema: wire.ObjectOf().OrNull(),
			}),
		},
	}
}

// productList has the documented page of GET /products, without the filters for what is not stored, such as category_id: these
// are refused by their names.
func productList() list[noren.CatalogueFilter, zoned[noren.Product]] {
	constant := func(name, label, value string, words ...string) filter[noren.CatalogueFilter] {
		return constantFilter(name, label, value, words, noneOfCatalogue)
	}
	return list[noren.CatalogueFilter, zoned[noren.Product]]{
		sortable: [][2]string{{"productId", "id"}, {"productCode", "code"}, {"productName", "name"}, {"updDateTime", "updated_at"}},
		filters: catalogueFilters("product_code", "商品コード",
			constant("display_flag", "端末表示 (0:表示しない、1:表示する)。全ての商品が1です。", productShown, "0", "1"),
			constant("division", "商品区分 (0:通常商品、1:回数券、2:オプション商品)。全ての商品が0です。", productOrdinary, "0", "1", "2"),
			constant("sales_division", "売上区分 (0:売上対象、1:売上対象外)。全ての商品が0です。", productSold, "0", "1"),
			constant("stock_control_division", "在庫管理区分 (0:在庫管理対象、1:在庫管理対象外)。全ての商品が0です。", productStocked, "0", "1"),
		),
		span: catalogueSpan, view: productView(),
	}
}

// storeView has the documented keys of a store in the documented order.
func storeView() wire.View[zoned[noren.Store]] {
	type row = zoned[noren.Store]
	view := wire.View[row]{
		always("storeId", "店舗ID", func(r row) any { return decimal(r.is.ID) }),
		always("storeCode", "店舗コード", func(r row) any { return r.is.Code }),
		always("storeName", "店舗名", func(r row) any { return r.is.Name }),
		unknown[row]("storeAbbr", "店舗略称"),
		unknown[row]("printReceiptStoreName", "レシート印字店舗名"),
		unknown[row]("printStockReceiptStoreName", "入出庫レシート印字店舗名"),
		maybe("division", "店舗区分 (1:通常店舗、2:倉庫、null:受注店舗)", func(r row) any { return division(r.is.Kind) }),
	}
	for _, name := range []string{
		"postCode", "address", "phoneNumber", "faxNumber", "mailAddress", "homepage", "tempTranMailAddress", "priceChangeFlag",
		"sellDivision", "sumProcDivision", "sumDateChangeTime", "sumRefColumn",
	} {
		view = append(view, unknown[row](name, ""))
	}
	view = append(view, fixed[row]("pointNotApplicable", "ポイント対象 (0:対象、1:対象外)", pointsApply), unknown[row]("taxFreeDivision", ""),
		fixed[row]("maxBundleProductCount", "バンドル商品の最大数", bundleDefault))
	for _, name := range []string{
		"maxDiscountRate", "carriageDisplayFlag", "terminalAdjustmentCashFlag", "terminalCheckCashFlag", "waiterAdjustmentDivision",
		"savingAutoDivision", "savingAutoPrice", "cancelSettingDivision", "roundingDivision", "discountRoundingDivision",
		"cardCompanySelectDivision", "giftReceiptValidDays", "taxLabelNormal", "taxLabelReduce",
	} {
		view = append(view, unknown[row](name, ""))
	}
	return append(view,
		fixed[row]("pauseFlag", "休止 (0:稼働中、1:休止中)", storeOpen),
		unknown[row]("displaySequence", "表示順"),
		unknown[row]("facePaymentUseDivision", ""),
		always("insDateTime", "登録日時", func(r row) any { return stamp(r.is.CreatedAt, r.zone) }),
		always("updDateTime", "更新日時", func(r row) any { return stamp(r.is.UpdatedAt, r.zone) }),
	)
}

// pointCondition is what the tenant has set for all of its stores; what is not set here is null.
func pointCondition(r zoned[noren.Store]) any {
	expires, limit := expiryNone, any(nil)
	// The tenant knows months only, one of the four words that the document has.
	if months := r.points.ExpiresAfterMonths; months > 0 {
		expires, limit = expiryMonths, strconv.Itoa(months)
	}
	condition := wire.Map{wire.P("storeId", decimal(r.is.ID))}
	for _, name := range pointConditionUnset() {
		condition = append(condition, wire.P(name, nil))
	}
	return append(condition, wire.P("expireDivision", expires), wire.P("expireLimit", limit), wire.P("mileageDivision", nil))
}

// pointConditionUnset are the documented keys before expireDivision for which nothing is stored.
func pointConditionUnset() []string {
	return []string{
		"pointUseDivision", "spendRate", "pointGivingUnitPrice", "pointGivingUnit", "pointGivingDivision", "pointUseUnit",
		"pointSpendDivision", "pointSpendLimitDivision",
	}
}

func pointConditionSchema() *wire.Schema {
	keys := []wire.Property{wire.Prop("storeId", wire.TextSchema("店舗ID"))}
	for _, name := range pointConditionUnset() {
		keys = append(keys, wire.Prop(name, wire.TextSchema("").OrNull()))
	}
	return wire.ObjectOf(append(keys, wire.Prop("expireDivision", wire.TextSchema(expiryWordsLabel)),
		wire.Prop("expireLimit", wire.TextSchema("失効までの期間").OrNull()), wire.Prop("mileageDivision", wire.TextSchema("").OrNull()))...)
}

// division returns the document's word; it has none for order-receiving stores.
func division(kind noren.StoreKind) any {
	switch kind {
	case noren.StoreShop:
		return "1"
	case noren.StoreWarehouse:
		return "2"
	default:
		return nil
	}
}

// productView has the documented keys of a product in the documented order.
func productView() wire.View[zoned[noren.Product]] {
	type row = zoned[noren.Product]
	view := wire.View[row]{
		always("productId", "商品ID", func(r row) any { return decimal(r.is.ID) }),
		unknown[row]("categoryId", "部門ID"),
		always("productCode", "商品コード", func(r row) any { return r.is.Code }),
		always("productName", "商品名", func(r row) any { return r.is.Name }),
		unknown[row]("productKana", "商品カナ"),
		fixed[row]("taxDivision", "税区分 (0:税込、1:税抜、2:非課税)", taxDefault),
		fixed[row]("productPriceDivision", "商品価格区分 (1:通常商品、2:オープン価格)", "1"),
	}
	for _, name := range []string{
		"price", "customerPrice", "cost", "attribute", "description", "catchCopy", "size", "color", "tag", "groupCode", "url",
		"printReceiptProductName", "displaySequence",
	} {
		view = append(view, unknown[row](name, ""))
	}
	return append(view,
		fixed[row]("salesDivision", "売上区分 (0:売上対象、1:売上対象外)", productSold),
		fixed[row]("stockControlDivision", "在庫管理区分 (0:在庫管理対象、1:在庫管理対象外)", productStocked),
		fixed[row]("displayFlag", "端末表示 (0:表示しない、1:表示する)", productShown),
		fixed[row]("division", "商品区分 (0:通常商品、1:回数券、2:オプション商品)", productOrdinary),
		unknown[row]("productOptionGroupId", ""),
		fixed[row]("pointNotApplicable", "ポイント対象 (0:対象、1:対象外)", pointsApply),
		unknown[row]("taxFreeDivision", ""),
		unknown[row]("calcDiscount", ""),
		unknown[row]("supplierProductNo", "品番"),
		always("insDateTime", "登録日時", func(r row) any { return stamp(r.is.CreatedAt, r.zone) }),
		always("updDateTime", "更新日時", func(r row) any { return stamp(r.is.UpdatedAt, r.zone) }),
	)
}
