package search

import "strings"

// variants maps a character that is used in names to the one that most people type for it.
var variants = readVariants(`
	高髙 崎﨑嵜 斉斎齊齋 辺邊邉 浜濱濵 沢澤 広廣 国國 真眞 桜櫻 島嶋嶌 槙槇 徳德 恵惠 栄榮 瀬瀨 吉𠮷 桑桒 富冨 寿壽 竜龍 円圓 鴎鷗 館舘 万萬
	条條 学學 静靜 清淸 曽曾 増增 黒黑 彦彥 渕淵渊 関關闗 荘莊 蔵藏 顕顯 鉄鐵鉃 礼禮 与與 亜亞 児兒 来來 仏佛 伝傳 内內 涼凉 剣劍劔劒剱 勲勳
	厳嚴 巌巖 図圖 壮壯 奥奧 実實 寛寬 宝寶寳 将將 専專 峰峯 岳嶽 応應 懐懷 戸戶 収收 教敎 晋晉 暁曉 会會 柳栁 桧檜 楽樂 横橫 歩步 歴歷 毎每
	気氣 満滿 済濟 滝瀧 為爲 狭狹 当當 発發 尽盡 研硏 禄祿 稲稻 穂穗 穣穰 並竝 粋粹 糸絲 経經 緑綠 緒緖 県縣 総總 縄繩 聡聰 声聲 台臺 旧舊
	茎莖 薫薰 芸藝 処處 号號 蛍螢 覚覺 観觀 誉譽 譲讓 豊豐 頼賴 村邨 郷鄕 釈釋 釜釡 鎮鎭 間閒 青靑 鶴靏靍 顔顏 余餘 鶏鷄 塩鹽 麦麥 黄黃 点點
	亀龜 弥彌 呑吞 姫姬 峡峽 杉杦 橋槗𣘺 涛濤 湾灣 灯燈 秋穐 翠翆 萌萠 薬藥 芦蘆 蘇蘓 麹麴`)

// readVariants reads groups of characters. The first of a group stands for all of it.
func readVariants(groups string) map[rune]rune {
	table := make(map[rune]rune)
	for group := range strings.FieldsSeq(groups) {
		runes := []rune(group)
		for _, r := range runes[1:] {
			table[r] = runes[0]
		}
	}
	return table
}

// plainVariant returns the character that stands for r.
func plainVariant(r rune) rune {
	if r < '㐀' {
		return r // kana, letters and digits have no variants
	}
	if plain, ok := variants[r]; ok {
		return plain
	}
	return r
}
