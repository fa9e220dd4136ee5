package recore

import "testing"

// TestDisposition has names that people and attackers give their files.
func TestDisposition(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"":                      "",
		"顔写真.jpg":               "%E9%A1%94%E5%86%99%E7%9C%9F.jpg",
		"a b+c.JPG":             "a%20b%2Bc.JPG",
		"run.exe":               "run.exe.jpg",
		"../../etc/passwd":      ".._.._etc_passwd.jpg",
		"x\"; filename=\"y.exe": "x_%3B%20filename%3D_y.exe.jpg",
		"x\r\nSet-Cookie: a":    "x__Set-Cookie_%20a.jpg",
		"gpj.\u202eexe":         "gpj._exe.jpg",
	} {
		full := `attachment; filename="abc.jpg"`
		if want != "" {
			full += "; filename*=UTF-8''" + want
		}
		if got := disposition("abc.jpg", name); got != full {
			t.Errorf("%q: %s, want %s", name, got, full)
		}
	}
}
