package noren_test

import (
	"testing"

	"noren"
)

func TestFileEnding(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"x.exe": "exe", "X.EXE": "exe", "申込書.PDF": "pdf", "a.tar.gz": "gz", "x.exe.": "exe", "x.exe . ": "exe", "x.exe\u200b": "exe", ".bat": "bat",
		"x.7z": "7z", "x.mp3": "mp3", "x.txt\u3000": "txt",
		"": "", "x": "", "見積書 ver.2": "", "2026.11.27のメモ": "", "Mr. Smith": "", "a.verylongending": "", "x.": "", "..": "",
	} {
		if got := noren.FileEnding(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}
