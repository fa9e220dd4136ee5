// Package webhook sends one signed POST to an address that a client of ours chose, and lets a receiver check the
// signature. It knows nothing of jobs, retries or what the body means.
//
// Two things are dangerous about such an address, and both are settled here. It may point into the operator's own
// network: every connection is judged by the address that is really dialled, after the name was looked up, so a
// name that answers differently the second time gains nothing. And whoever answers may be slow, endless or
// redirecting: time, header and body are bounded, and a redirect is an answer like any other.
//
// Signatures follow Standard Webhooks 1.0 (https://www.standardwebhooks.com), for which libraries exist in most
// languages.
package webhook
