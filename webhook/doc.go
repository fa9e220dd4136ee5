// Package webhook sends a signed POST to an address that a client chose, and lets a receiver verify the signature. It
// knows nothing about queues, retries or the meaning of the body.
//
// Such an address is dangerous in two ways, and this package handles both. It may point into the operator's own
// network: the guard checks the IP address that is actually dialled, after name resolution, so a name that resolves
// differently the second time gains nothing. And the receiver may be slow, endless or redirecting: time, headers and body
// are limited, and a redirect is a response like any other.
//
// Signatures follow Standard Webhooks 1.0 (https://www.standardwebhooks.com), for which libraries exist in most
// languages.
package webhook
