package access

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"

	"noren"
)

// secretDevices names the secret that signs the devices in which somebody has signed in.
const secretDevices = "console.devices"

// NewDevice returns what a browser keeps after its user has signed in. Failures with it are counted by themselves: whoever
// fails on purpose with somebody's login, or from their address, cannot lock them out of the devices that they use.
func (s *Service) NewDevice(ctx context.Context, v Visit) (string, error) {
	secret, err := s.TenantSecret(ctx, v.Caller.Tenant.ID, secretDevices)
	if err != nil {
		return "", err
	}
	id := rand.Text()
	return id + "." + signDevice(secret, v.Caller.Tenant.Contract, v.User.Login, id), nil
}

// signDevice binds a device to the login that was used in it.
func signDevice(secret, contract, login, id string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	// With NUL between the parts, which no stored one has, so that they cannot be divided in another way.
	mac.Write([]byte(contract + "\x00" + login + "\x00" + id))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// subjects returns what a try is counted under: the device, if the login has been used in it before.
func (s *Service) subjects(ctx context.Context, in Credentials) ([]string, error) {
	others := signInSubjects(in.Contract, in.Login, in.Address)
	id, mac, found := strings.Cut(in.Device, ".")
	// Whatever a browser sends that is no device of ours counts as none; it is not an error.
	if !found || len(in.Device) > longestName {
		return others, nil
	}
	tenant, err := s.TenantByContract(ctx, in.Contract)
	if err != nil && noren.KindOf(err) == noren.NotFound {
		return others, nil
	} else if err != nil {
		return nil, err
	}
	secrets, err := s.TenantSecrets(ctx, tenant.ID, secretDevices)
	if err != nil {
		return nil, err
	}
	for _, secret := range secrets {
		// Bound to the login, so a device of one user spares nobody else's login from being counted.
		if hmac.Equal([]byte(mac), []byte(signDevice(secret, in.Contract, in.Login, id))) {
			return []string{"device " + hex.EncodeToString(noren.HashSecret(in.Device))}, nil
		}
	}
	return others, nil
}
