package access

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"noren"
)

// CodeNeeded is the error of SignIn for a user with a second factor: the password was right, and ConfirmSignIn has to be
// called with the ticket and a code.
type CodeNeeded struct{ Ticket string }

func (*CodeNeeded) Error() string { return "the second factor is needed" }

// ticketLife is how long after the password a code may come.
const ticketLife = 10 * time.Minute

// secretTickets names the secret that signs tickets.
const secretTickets = "console.tickets"

// ticket says who has given the right password, and until when a code may follow. It is signed and kept by the browser, so that
// somebody who knows a password alone leaves nothing in the database.
type ticket struct {
	Contract string `json:"contract"`
	Login    string `json:"login"`
	Until    int64  `json:"until"` // seconds since 1970
}

// newTicket makes a ticket of the user.
func (s *Service) newTicket(ctx context.Context, a account) (string, error) {
	secret, err := s.TenantSecret(ctx, a.tenant.ID, secretTickets)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(ticket{a.tenant.Contract, a.user.Login, s.run.Now().Add(ticketLife).Unix()})
	if err != nil {
		return "", err
	}
	body := base64.RawURLEncoding.EncodeToString(text)
	return body + "." + signTicket(secret, body, a.user), nil
}

// signTicket binds a ticket to the password that was right: with another one it is worth nothing.
func signTicket(secret, body string, u noren.ConsoleUser) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body + "\x00" + u.PasswordHash))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// maxTicket is the longest ticket that is looked at, in bytes.
const maxTicket = 2000

// holder returns whose ticket it is. Unauthenticated, with ReasonSignInAgain, if it is forged or too old, or the user may not
// sign in any more.
func (s *Service) holder(ctx context.Context, text string) (account, error) {
	again := &noren.Error{Kind: noren.Unauthenticated, Reason: noren.ReasonSignInAgain, Message: "the password was given too long ago"}
	body, mac, _ := strings.Cut(text, ".")
	raw, err := base64.RawURLEncoding.DecodeString(body)
	var t ticket
	if err != nil || len(text) > maxTicket || json.Unmarshal(raw, &t) != nil || s.run.Now().Unix() >= t.Until {
		return account{}, again
	}
	a, err := s.account(ctx, t.Contract, t.Login)
	if err != nil {
		return account{}, err
	}
	if a.tenant.ID == 0 || a.user.PasswordHash == "" || a.user.DisabledAt != nil {
		return account{}, again
	}
	secrets, err := s.TenantSecrets(ctx, a.tenant.ID, secretTickets)
	if err != nil {
		return account{}, err
	}
	for _, secret := range secrets {
		if hmac.Equal([]byte(mac), []byte(signTicket(secret, body, a.user))) {
			return a, nil
		}
	}
	return account{}, again
}

// ConfirmSignIn begins the session of a user who has given the password, as SignIn does, if the code is right; a recovery code
// is as good. Of the credentials it looks at Address and Device alone. Unauthenticated, with ReasonCodeWrong or
// ReasonSignInAgain; TooMany after too many failures, which count together with wrong passwords.
func (s *Service) ConfirmSignIn(
	ctx context.Context, text, code string, in Credentials, requestID string,
) (secret string, v Visit, err error) {
	a, err := s.holder(ctx, text)
	if err != nil {
		return "", Visit{}, err
	}
	in.Contract, in.Login = a.tenant.Contract, a.user.Login
	subjects, err := s.subjects(ctx, in)
	if err != nil {
		return "", Visit{}, err
	}
	if err := s.beginTry(ctx, subjects); err != nil {
		return "", Visit{}, err
	}
	secret, v = s.newSession(a, requestID)
	var right bool
	err = s.run.Update(ctx, a.tenant.ID, func(tx Tx) error {
		factor, err := tx.LockSecondFactor(ctx, a.user.Login)
		if err != nil {
			return err
		}
		var how string
		if how, right = useCode(&factor, code, v.Session.SignedInAt); !right {
			return auditSession(ctx, tx, v.Caller.Entry(v.Session.SignedInAt), nil, "wrong code")
		}
		if err := tx.PutSecondFactor(ctx, factor); err != nil {
			return err
		}
		return s.addSession(ctx, tx, v, how)
	})
	switch {
	case err != nil:
		return "", Visit{}, err
	case !right:
		return "", Visit{}, &noren.Error{
			Kind: noren.Unauthenticated, Reason: noren.ReasonCodeWrong, Message: "wrong code, or one that was used before",
		}
	}
	return secret, v, s.endTry(ctx, subjects)
}
