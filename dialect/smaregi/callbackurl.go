package smaregi

import (
	"net/url"
	"strconv"
	"strings"
	"unicode"
)

// callbackProblem says why nothing could be delivered to a callback URL, or why it is refused; "" if it is good. The documented
// pattern says no more than that something is wrong, and accepts URLs to which no connection can be made.
func callbackProblem(address string) string {
	scheme, _, _ := strings.Cut(address, "://")
	lower := strings.ToLower(scheme)
	switch {
	case strings.ContainsFunc(address, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }):
		return "callbackUrlに空白文字や制御文字は使用できません。"
	case lower != "http" && lower != "https":
		return "callbackUrl" + patternWords(patternURL)
	case scheme != lower:
		return "callbackUrlのhttp://またはhttps://は小文字で指定する必要があります。"
	}
	target, err := url.Parse(address)
	switch {
	case err != nil:
		return "callbackUrlがURLとして正しくありません。"
	case target.Hostname() == "":
		return "callbackUrlにはホスト名が必要です。"
	case !usablePort(target.Port()):
		return "callbackUrlのポート番号は1以上65535以下である必要があります。"
	// The URL is shown: in the response, the status of the request, the console. A receiver verifies the signature instead.
	case target.User != nil:
		return "callbackUrlにユーザー名やパスワードを含めることはできません。"
	}
	return ""
}

// usablePort reports whether a port can be connected to; "" is that of the scheme.
func usablePort(port string) bool {
	n, err := strconv.Atoi(port)
	return port == "" || err == nil && n >= 1 && n <= 65_535
}
