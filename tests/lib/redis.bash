# redis - servers and sentinels of a test's own, on loopback.
# Every function works in $BATS_TEST_TMPDIR.

setup_redis() {
	command -v redis-server >/dev/null || skip "redis-server is not installed"
	storetest redis://127.0.0.1:1 2>&1 | grep -q "without hiredis" &&
		skip "built without hiredis"
	cd "$BATS_TEST_TMPDIR" || return 1
	PIDS=
}

# Only what this test has started.
teardown_redis() {
	[ -z "$PIDS" ] || kill -9 $PIDS 2>/dev/null || true
	wait $PIDS 2>/dev/null || true
}

# until_true SECONDS COMMAND...: it becomes true within that time.
until_true() {
	local i
	for ((i = $1 * 20; i > 0; i--)); do
		"${@:2}" >/dev/null 2>&1 && return 0
		sleep 0.05
	done
	echo "within $1 s not true: ${*:2}"
	return 1
}

free_port() {
	local p
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		p=$((20000 + RANDOM % 6000))
		if ! (: <>/dev/tcp/127.0.0.1/$p) 2>/dev/null; then
			echo $p
			return
		fi
	done
}

# redis [option]...: a server, until it answers: $SERVER, $RPORT (a free one
# where it is empty).  What it has is in memory only.
redis() {
	: "${RPORT:=$(free_port)}"
	redis-server --port $RPORT --bind 127.0.0.1 --save "" --dir "$PWD" \
	    --loglevel warning "$@" >>redis-$RPORT.log 2>&1 3>&- &
	SERVER=$!
	PIDS="$PIDS $SERVER"
	until_true 5 eval "redis-cli -p $RPORT ping | grep -q 'PONG\|NOAUTH'"
}

# gone PID: as if its machine had lost its current.
gone() {
	kill -9 $1
	wait $1 2>/dev/null || true
}

# sentinels: three of them, that know the master at $MASTER as "siprec":
# $SENTINELS is what a URL says.
sentinels() {
	local i p
	SENTINELS=
	for i in 1 2 3; do
		p=$(free_port)
		cat >sentinel-$p.conf <<-T
			port $p
			bind 127.0.0.1
			dir $PWD
			sentinel monitor siprec 127.0.0.1 $MASTER 2
			sentinel down-after-milliseconds siprec 500
			sentinel failover-timeout siprec 3000
		T
		redis-sentinel $PWD/sentinel-$p.conf >sentinel-$p.log 2>&1 3>&- &
		PIDS="$PIDS $!"
		SENTINELS=$SENTINELS,127.0.0.1:$p
	done
	SENTINELS=${SENTINELS#,}
	until_true 10 eval "redis-cli -p $p sentinel master siprec |
	    grep -A1 num-other-sentinels | grep -qx 2"
	until_true 15 eval "redis-cli -p $p sentinel master siprec |
	    grep -A1 num-slaves | grep -qx 1"
}
