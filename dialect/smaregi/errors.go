package smaregi

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"noren"
	"noren/dialect"
	"noren/web"
	"noren/wire"
)

// mediaProblem is the media type of all errors except those about tokens.
const mediaProblem = "application/problem+json"

// invalid returns a refusal of the request itself, in the words that the client reads.
func invalid(detail string) error { return &noren.Error{Kind: noren.Invalid, Message: detail} }

// Refuse implements web.Dialect. The bodies are the documents' problem objects: type, title, detail, status.
func (d *Dialect) Refuse(x *web.Request, err error) web.Answer {
	if e, ok := errors.AsType[*web.MethodError](err); ok {
		return problem(http.StatusMethodNotAllowed,
			"このURLで利用できるメソッドは"+strings.Join(e.Allow, "、")+"です。")
	}
	if u, ok := errors.AsType[dialect.UnknownParameters](err); ok {
		return problem(http.StatusBadRequest, parameterWords(u))
	}
	e, ok := errors.AsType[*noren.Error](err)
	// Its kind is that of an internal error, whose text is not shown.
	if !ok {
		e = &noren.Error{}
	}
	status := web.Status(e.Kind)
	switch e.Kind {
	case noren.Invalid:
		return problem(status, invalidWords(e))
	// All bad credentials get the same response.
	case noren.Unauthenticated:
		return accessDenied()
	case noren.Forbidden:
		return problem(status, forbiddenWords(e))
	case noren.NotFound:
		// The documents show the title as one word and the sentence without its full stop.
		if e.Field == web.FieldPath {
			return web.Problem(status, "about:blank", "NotFound", "指定されたURLのAPIは存在しません")
		}
		return web.Problem(status, "about:blank", "NotFound", wordsNotFound)
	case noren.Conflict:
		return problem(status, conflictWords(e))
	case noren.TooLarge:
		return problem(status, fmt.Sprintf("リクエストボディは%dバイト以下である必要があります。", web.MaxBody))
	case noren.TooMany:
		if e.Reason == noren.ReasonQueueFull {
			return problem(status, "処理待ちの一括更新が上限に達しています。Retry-Afterヘッダーの秒数が経過した後に再度お試しください。")
		}
		return problem(status, "リクエスト数の上限を超えました。Retry-Afterヘッダーの秒数が経過した後に再度お試しください。")
	case noren.Unavailable:
		return problem(status, "現在リクエストを処理できません。Retry-Afterヘッダーの秒数が経過した後に再度お試しください。")
	// Internal: the error is in the log under the request id and is not shown.
	default:
		return problem(status, fmt.Sprintf("システムの内部エラーが発生しました。運用者にX-Request-Id(%s)を添えてお問い合わせください。", x.ID))
	}
}

// problem has the reason phrase as its title, as the documents' 400 does.
func problem(status int, detail string) web.Answer {
	return web.Problem(status, "about:blank", http.StatusText(status), detail)
}

// accessDenied is the platform's response to any bad credential; it says no more on purpose.
func accessDenied() web.Answer {
	// No more is said, so that nobody learns whether a token, a contract or an app exists.
	const description = "The resource owner or authorization server denied the request."
	return web.Answer{Status: http.StatusUnauthorized, ContentType: mediaProblem, Body: wire.JSON(wire.Map{
		wire.P("type", "https://api.smaregi.jp/problems/oauth2/access_denied"), wire.P("title", "Access Denied"),
		wire.P("status", http.StatusUnauthorized), wire.P("error", "access_denied"), wire.P("error_description", description),
	})}.With("WWW-Authenticate", "Bearer")
}

// invalidWords words what package web refused; all other refusals bring their words from where they were found.
func invalidWords(e *noren.Error) string {
	switch e.Field {
	case web.IdempotencyHeader:
		return "Idempotency-Keyヘッダーは1文字以上255文字以下の半角英数字と半角記号で1つだけ指定する必要があります。"
	case web.FieldBody:
		return "リクエストボディを最後まで読み取れませんでした。再度送信してください。"
	default:
		return e.Message
	}
}

// forbiddenWords names what would be enough. No document shows the platform's words for this.
func forbiddenWords(e *noren.Error) string {
	if e.Reason == noren.ReasonPlan {
		return "ご契約のプランではこのAPIを利用できません。(対象プラン-" + e.Value + ")"
	}
	return "アクセストークンにこのAPIの利用に必要なスコープがありません。(必要なスコープ-" + e.Value + ")"
}

// conflictWords distinguishes the two conflicts of an Idempotency-Key: one is solved by waiting, the other is not.
func conflictWords(e *noren.Error) string {
	if e.RetryAfter > 0 {
		return "同じIdempotency-Keyのリクエストを処理中です。処理が終わった後に再度お試しください。"
	}
	return "このIdempotency-Keyは別の内容のリクエストで使用されています。新しいキーを指定してください。"
}
