package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"noren/sqlstore"
)

// advisedError is an error that somebody meets who starts the program for the first time, with what to look for and what to type. It
// stands in lines of their own behind the error, in the language of the terminal.
type advisedError struct {
	error
	ja, en string
}

// Unwrap returns the error itself.
func (e advisedError) Unwrap() error { return e.error }

// advised adds what to do to an error, where somebody knows: ja and en have the same arguments.
func advised(err error, ja, en string, args ...any) error {
	return advisedError{err, fmt.Sprintf(ja, args...), fmt.Sprintf(en, args...)}
}

// adviceFor is what to do about the error, in the language of the terminal; "" if nobody knows.
func adviceFor(err error, japanese bool) string {
	a, ok := errors.AsType[advisedError](err)
	switch {
	case !ok && sqlstore.IsDamaged(err): // which shows at any time
		a = advisedError{
			ja: "ファイルが破損しているか、途中で切れているか、SQLiteのデータベースではありません。-walと-shmで終わるファイルも含めて別の場所に移し、バックアップを復元してください。",
			en: "The file is damaged, cut off or not a SQLite database. Move it away, with its files -wal and -shm, and restore a backup.",
		}
	case !ok:
		return ""
	}
	return streams{japanese: japanese}.words(a.ja, a.en) + "\n"
}

// listenAdvice says what to do about a port that cannot be opened.
func listenAdvice(ctx context.Context, address string, err error) error {
	host, port, _ := net.SplitHostPort(address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return advised(err,
			"ほかのプログラム(起動中のnorenなど)がこのポートを使用しています。次のコマンドで確認できます: %[1]s\n"+
				"そのプログラムを終了するか、別のポートを指定してください: --listen %[2]s",
			"Another program, such as a noren that is running, has this port. To see which: %[1]s\n"+
				"End that program, or choose another port: --listen %[2]s",
			whoListens(port), freeAddress(ctx, host, port))
	case errors.Is(err, syscall.EACCES):
		return advised(err,
			"1024未満のポートには管理者の権限が必要です。別のポートを指定してください: --listen %s",
			"Ports below 1024 are for administrators. Choose another one: --listen %s", net.JoinHostPort(host, "8080"))
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return advised(err,
			"%[1]s はこのコンピューターのアドレスではありません。すべてのアドレスで待ち受けるには: --listen :%[2]s",
			"%[1]s is not an address of this machine. To listen on all it has: --listen :%[2]s", host, port)
	}
	return advised(err,
		"アドレスとポート(1〜65535)を指定してください: --listen 127.0.0.1:8080 または --listen :8080",
		"Give an address and a port from 1 to 65535: --listen 127.0.0.1:8080 or --listen :8080")
}

// whoListens is the command that shows which program has a port.
func whoListens(port string) string {
	switch runtime.GOOS {
	case "linux":
		return "ss -ltnp 'sport = :" + port + "'"
	case "windows":
		return "netstat -ano | findstr :" + port
	}
	return "lsof -nP -iTCP:" + port + " -sTCP:LISTEN"
}

// freeAddress is the next address of that host that no program has.
func freeAddress(ctx context.Context, host, port string) string {
	const tried = 20
	taken, _ := strconv.Atoi(port) // a name of a port becomes 0
	if taken == 0 {
		taken = 8080
	}
	for next := taken + 1; next <= taken+tried; next++ {
		address := net.JoinHostPort(host, strconv.Itoa(next))
		if l, err := new(net.ListenConfig).Listen(ctx, "tcp", address); err == nil {
			_ = l.Close()
			return address
		}
	}
	return net.JoinHostPort(host, "0")
}

// databaseAdvice says what to do about a database that cannot be opened.
func databaseAdvice(database string, err error) error {
	path, isFile := strings.CutPrefix(database, "sqlite:")
	path, _, _ = strings.Cut(path, "?")
	switch {
	case sqlstore.IsNewer(err):
		return advised(err,
			"このデータベースは、より新しいバージョンのnorenで使用されています。そのバージョン以降のnorenで起動してください。このプログラムは %s です。",
			"A later version of noren has used this database: start that one, or one later still. This program is %s.", buildVersion())
	case sqlstore.IsLocked(err):
		return advised(err,
			"ほかのプログラム(データベースの閲覧ソフトや別のnorenのコマンドなど)がファイルを占有しています。次のコマンドで確認できます: %s\n"+
				"そのプログラムを終了してから、もう一度起動してください。",
			"Another program has the file for itself, such as a database browser or another noren command. To see which: %s\n"+
				"End that program and start again.", "lsof "+quoted(path))
	case isFile:
		return pathAdvice("--database sqlite:", path, "noren.db", err)
	}
	return postgresAdvice(database, err)
}

// pathAdvice says what to do about a file, or a directory, that cannot be made or written. flag is what precedes a path on the command
// line, and name what a file in a directory could be called.
func pathAdvice(flag, path, name string, err error) error {
	elsewhere := flag + filepath.Join("DIRECTORY", name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return advised(err,
			"保存先のディレクトリを作成してください: mkdir -p %[1]s\nまたは別の場所を指定してください: %[2]s",
			"Make the directory: mkdir -p %[1]s\nOr name another place: %[2]s", quoted(filepath.Dir(path)), flag+name)
	case errors.Is(err, syscall.EISDIR):
		return advised(err, "ディレクトリではなく、その中のファイルを指定してください: %s", "This is a directory; name a file in it: %s",
			flag+filepath.Join(path, name))
	case errors.Is(err, syscall.EROFS):
		return advised(err,
			"このファイルシステムには書き込めません。書き込める場所を指定してください: %s",
			"The file system is read-only. Name a place on another one: %s", elsewhere)
	case errors.Is(err, fs.ErrPermission):
		who := "?"
		if u, err := user.Current(); err == nil {
			who = cmp.Or(u.Username, u.Uid)
		}
		return advised(err,
			"norenを実行しているユーザー %[1]s に、ファイルとそのディレクトリへの書き込み権限が必要です。権限の確認: ls -ld %[2]s\n"+
				"または書き込める場所を指定してください: %[3]s",
			"The user %[1]s, as whom noren runs, must be able to write the file and its directory. To see who may: ls -ld %[2]s\n"+
				"Or name a place that the user can write: %[3]s",
			who, quoted(filepath.Dir(path))+" "+quoted(path), elsewhere)
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, fs.ErrExist):
		return advised(err,
			"同じ名前のファイルがあります。別の場所を指定してください: %s",
			"There is a file where a directory is needed. Name another place: %s", elsewhere)
	}
	return err
}

// postgresAdvice says what to do about a server of PostgreSQL that does not take the connection.
func postgresAdvice(database string, err error) error {
	u, unread := url.Parse(database)
	if unread != nil || !sqlstore.IsUnreachable(err) {
		return err
	}
	// Without the password, which psql asks for.
	command := "psql -h " + quoted(u.Hostname()) + " -p " + cmp.Or(u.Port(), "5432") + " -U " + quoted(u.User.Username()) + " " +
		quoted(strings.TrimPrefix(u.Path, "/"))
	return advised(err,
		"PostgreSQLが起動していて、指定したユーザーとデータベースが存在し、パスワードが正しいことを確認してください: %s",
		"PostgreSQL must be running there, have the user and the database, and accept the password. To see whether it does: %s", command)
}
