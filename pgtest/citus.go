package pgtest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"testing"
)

// citus stands for what a server asks of Citus' catalogue and calls of its functions. Distributing a table changes nothing but
// what is written down, after the checks that Citus makes of it too.
const citus = `
CREATE FUNCTION citus_version() RETURNS text LANGUAGE sql AS $$ SELECT 'Citus, faked by the tests' $$;
CREATE TABLE pg_dist_local_group (groupid integer NOT NULL);
INSERT INTO pg_dist_local_group VALUES (0);
CREATE TABLE citus_tables (
	table_name regclass NOT NULL PRIMARY KEY, citus_table_type text NOT NULL, distribution_column text NOT NULL, colocated text);
CREATE TABLE pg_dist_node (
	nodename text NOT NULL, nodeport integer NOT NULL, groupid integer NOT NULL, noderole text NOT NULL DEFAULT 'primary',
	isactive boolean NOT NULL DEFAULT true, state text NOT NULL DEFAULT 'up',
	hasmetadata boolean NOT NULL DEFAULT true, metadatasynced boolean NOT NULL DEFAULT true);
INSERT INTO pg_dist_node VALUES ('coordinator', 5432, 0), ('worker1', 5432, 1), ('worker2', 5432, 2),
	(COALESCE(host(inet_server_addr()), current_setting('unix_socket_directories')), current_setting('port')::integer, 3);
CREATE TABLE pg_dist_placement (shardid bigint NOT NULL PRIMARY KEY, groupid integer NOT NULL);
INSERT INTO pg_dist_placement SELECT tenant, 3 FROM generate_series(1, 1000) AS tenant;
CREATE FUNCTION get_shard_id_for_distribution_column(of regclass, value bigint) RETURNS bigint LANGUAGE sql AS $$ SELECT value $$;
CREATE FUNCTION citus_check_connection_to_node(name text, port integer) RETURNS boolean LANGUAGE plpgsql COST 1 AS $$
DECLARE seen text := (SELECT state FROM pg_dist_node AS n WHERE n.nodename = name AND n.nodeport = port);
BEGIN
	IF seen = 'frozen' THEN
		PERFORM pg_sleep(60);
	END IF;
	RETURN seen = 'up';
END $$;
CREATE TABLE commands_on_all_nodes (command text NOT NULL);
CREATE FUNCTION create_reference_table(of regclass) RETURNS void LANGUAGE sql AS
	$$ INSERT INTO citus_tables VALUES (of, 'reference', '<none>', NULL) $$;
CREATE FUNCTION create_distributed_table(of regclass, by text, colocate_with text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	IF colocate_with <> 'none' AND NOT EXISTS (
		SELECT 1 FROM citus_tables WHERE table_name = colocate_with::regclass AND distribution_column = by) THEN
		RAISE 'cannot colocate tables % and %', of, colocate_with;
	END IF;
	IF EXISTS (SELECT 1 FROM pg_index AS i WHERE i.indrelid = of AND i.indisunique AND NOT EXISTS (
		SELECT 1 FROM pg_attribute AS a WHERE a.attrelid = of AND a.attname = by AND a.attnum = ANY(i.indkey))) THEN
		RAISE 'cannot create constraint on "%": UNIQUE constraints have to include the partition column', of;
	END IF;
	IF EXISTS (SELECT 1 FROM pg_constraint AS c WHERE c.contype = 'f' AND c.conrelid = of
		AND NOT EXISTS (SELECT 1 FROM citus_tables WHERE table_name = c.confrelid)) THEN
		RAISE 'referenced table of % must be a distributed table or a reference table', of;
	END IF;
	INSERT INTO citus_tables VALUES (of, 'distributed', by, colocate_with);
END $$;
CREATE FUNCTION run_command_on_all_nodes(command text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO commands_on_all_nodes VALUES (command);
	EXECUTE command;
	RETURN true;
END $$;
`

// CitusName is in the URLs that Citus and LikeCitus return.
const CitusName = "noren-citus"

// EnvCitus names a cluster of Citus to test on: the postgres:// URLs of its nodes, with blanks between, the coordinator's first. On
// each, databases may be created. Without it tests run on a server that stands for Citus.
const EnvCitus = "NOREN_TEST_CITUS"

// Citus returns the URL of a new, empty database on the coordinator of a cluster, where EnvCitus names one; else it is LikeCitus.
func Citus(t testing.TB) string {
	t.Helper()
	nodes := strings.Fields(os.Getenv(EnvCitus))
	if len(nodes) == 0 {
		return LikeCitus(t)
	}
	name := "noren_test_" + strings.ToLower(rand.Text())
	urls := make([]*url.URL, len(nodes))
	for i, node := range nodes {
		admin := &Server{admin: node}
		u, err := url.Parse(node)
		if err == nil {
			err = admin.exec("CREATE DATABASE " + name)
		}
		if err != nil {
			t.Fatal(err)
		}
		admin.dropAfter(t, name)
		u.Path, urls[i] = "/"+name, u
		if err := (&Server{admin: u.String()}).exec("CREATE EXTENSION citus"); err != nil {
			t.Fatal(err)
		}
	}
	coordinator := &Server{admin: urls[0].String()}
	// Few shards, because making them is what takes time.
	statements := []string{"ALTER DATABASE " + name + " SET citus.shard_count = 4"}
	for i, u := range urls {
		add := "SELECT citus_add_node('" + u.Hostname() + "', " + u.Port() + ")"
		if i == 0 {
			add = "SELECT citus_set_coordinator_host('" + u.Hostname() + "', " + u.Port() + ")"
		}
		statements = append(statements, add)
	}
	for _, s := range statements {
		if err := coordinator.exec(s); err != nil {
			t.Fatal(err)
		}
	}
	query := urls[0].Query()
	query.Set("application_name", CitusName)
	urls[0].RawQuery = query.Encode()
	return urls[0].String()
}

// PreparedCitus is Prepared for LikeCitus; on a cluster, which cannot be copied, each database is a new one.
func PreparedCitus(fill func(url string) error) func(t testing.TB) string {
	if os.Getenv(EnvCitus) != "" {
		return Citus
	}
	return Prepared(LikeCitus, fill)
}

// LikeCitus is Database with functions and tables that stand for Citus: a server takes it for a coordinator. It does not shard
// anything; what goes to one shard is for a lint of the statements to judge. The node that has the rows of all tenants is the server itself.
func LikeCitus(t testing.TB) string {
	t.Helper()
	url := Database(t) + "&application_name=" + CitusName
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(context.Background(), citus); err != nil {
		t.Fatal(err)
	}
	return url
}

// moveHome makes the address that of the node that has the rows of all tenants, of a database by LikeCitus.
func moveHome(t testing.TB, serverURL string, to *net.TCPAddr) {
	t.Helper()
	move := fmt.Sprintf("UPDATE pg_dist_node SET nodename = '%s', nodeport = %d WHERE groupid = 3", to.IP, to.Port)
	if err := (&Server{admin: serverURL}).exec(move); err != nil {
		t.Fatal(err)
	}
}
