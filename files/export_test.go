package files

import "strings"

// Credentials returns what is taken from the address of a bucket.
func Credentials(place string) (key, secret, host string, err error) {
	u, key, secret, err := bucketAddress(strings.TrimPrefix(place, "s3://"))
	if err != nil {
		return "", "", "", err
	}
	return key, secret, u.Host, nil
}
