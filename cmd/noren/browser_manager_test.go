package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"golang.org/x/text/encoding/japanese"
)

// TestBrowserRanks opens the ranks, the forecast, and the preview of another programme.
func TestBrowserRanks(t *testing.T) {
	t.Parallel()
	inBrowser(t, func(w *window) {
		w.signIn("admin")
		w.open("/ranks")
		w.shows("次回の判定")
		w.accessible()
		w.fits("ranks")
		w.click("次回判定の見込み")
		w.shows("判定後の会員数")
		w.accessible()
		w.fits("ranks-next")
		w.open("/ranks/programme")
		w.run(chromedp.SetValue("#field-window_months", "1", chromedp.ByQuery))
		w.click("影響を試算")
		w.shows("この設定での次回判定の見込み")
		w.accessible()
		w.fits("ranks-programme")
		w.run(chromedp.SetValue("#field-window_months", "0", chromedp.ByQuery))
		w.click("影響を試算")
		w.shows("この値は使用できません")
		w.accessible()
		w.open("/ranks/points")
		w.run(chromedp.SetValue("#field-way", "unit", chromedp.ByQuery), chromedp.SetValue("#field-unit_price", "１００", chromedp.ByQuery))
		w.click("内容を確認")
		w.shows("1,234円(うち消費税112円)の購入")
		w.accessible()
		w.fits("ranks-points")
	})
}

// TestBrowserImport imports a Shift_JIS file with a bad line, and watches it to its end.
func TestBrowserImport(t *testing.T) {
	t.Parallel()
	inBrowser(t, func(w *window) {
		text, err := japanese.ShiftJIS.NewEncoder().String("会員コード,姓,名,生年月日\nN1,取込,一郎,1985-12-31\nN2,悪井,行子,1990-02-30\n")
		if err != nil {
			w.Fatal(err)
		}
		file := filepath.Join(w.TempDir(), "会員.csv")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			w.Fatal(err)
		}
		chromedp.ListenTarget(w.ctx, func(event any) {
			if _, asked := event.(*page.EventJavascriptDialogOpening); asked {
				go func() { _ = chromedp.Run(w.ctx, page.HandleJavaScriptDialog(true)) }()
			}
		})
		w.signIn("admin")
		w.open("/imports")
		w.shows("まだ取り込みはありません")
		w.accessible()
		w.run(chromedp.SetUploadFiles("#field-file", []string{file}, chromedp.ByQuery))
		w.click("内容を確認")
		w.shows("取り込み結果の見込み")
		w.shows("日付ではありません")
		w.accessible()
		w.fits("import-preview")
		// Another delimiter is seen at once, and the right one again; an encoding in which the file is no text is told.
		choose := func(field, value string) {
			w.run(chromedp.Evaluate(`(field => { field.value = "`+value+`"; field.dispatchEvent(new Event("change", {bubbles: true})) })(
				document.getElementById("field-`+field+`"))`, nil))
			w.until(`!document.querySelector(".htmx-request, .htmx-swapping, .htmx-settling")`)
		}
		choose("delimiter", "pipe")
		w.shows("N1,取込,一郎,1985-12-31")
		w.accessible()
		choose("delimiter", "")
		w.shows("取り込み結果の見込み")
		choose("encoding", "euc-jp")
		w.shows("見出し行がEUC-JPの文字ではありません")
		w.accessible()
		choose("encoding", "")
		w.shows("取り込み結果の見込み")
		w.click("取り込みを開始")
		w.shows("2行中2行を処理")
		w.shows("取り込めなかった行をダウンロード")
		w.accessible()
		w.fits("import-done")
		w.open("/members?q=取込")
		w.shows("N1")
	})
}
