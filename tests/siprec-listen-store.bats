# siprec-listen --store: a recording outlives the process that makes it.

load lib/listen
load lib/store

setup() {
	setup_store
	voice 8
}

teardown() {
	teardown_store
}

@test "killed and started again it goes on in the same files" {
	node a $PORT
	calls $URI
	sleep 3
	murder a
	sleep 1
	node a $PORT
	called
	dir=$(of a)
	until_true 2 ended $dir
	heard $dir/1.wav 3
	heard $dir/2.wav 3
	[ "$(log 'select(.event == "begin") | 1' $dir)" = 1 ]
	[ "$(log 'select(.event == "end") | .reason' $dir)" = bye-client ]
	[ "$(log 'select(.event == "gap") | .label' $dir | sort | tr -d '\n')" = 12 ]
	log 'select(.event == "gap") | .duration' $dir |
	while read -r gap; do near "$gap" 1.7 1.2; done
	[ "$(log 'select(.rule == "restart") | 1' $dir)" = 1 ]
	# It asked for a snapshot, and got a complete one.
	[ "$(log 'select(.event == "metadata" and .datamode == "complete") | 1' \
	    $dir | wc -l)" -ge 2 ]
	# The numbers are those of both lives.
	log 'select(.event == "end") | .streams[] |
	    .packets + .lost | . > 390 and . < 410' $dir | grep -qv false
	clean_end $dir
	ends a
	[ ! -e $dir/.resume ]
	! grep -q . <(sqlite3 state.db \
	    'SELECT key FROM record WHERE value IS NOT NULL')
}

@test "killed again and again it loses no more than it was away" {
	local away=0
	node a $PORT
	calls $URI
	for pause in 1.2 0.9 1.4 0.5 0.8; do
		sleep $pause
		murder a
		node a $PORT
		away=$((away + 1))
	done
	called
	dir=$(of a)
	until_true 2 ended $dir
	# A second for each death, and what a start takes.
	heard $dir/1.wav $((away * 12 / 10 + 1))
	[ "$(log 'select(.event == "end") | 1' $dir)" = 1 ]
	clean_end $dir
	ends a
}

@test "what is negotiated after a restart is answered in the old dialog" {
	node a $PORT
	calls --flow pause-resume $URI
	sleep 1
	murder a
	node a $PORT
	called
	dir=$(of a)
	until_true 2 ended $dir
	log 'select(.event == "pause" or .event == "resume") | .event' $dir |
	    grep -q pause
	[ "$(log 'select(.event == "end") | .reason' $dir)" = bye-client ]
	ends a
}

@test "SRTP is opened after a restart with the keys of before" {
	node a $PORT
	calls --srtp sdes $URI
	sleep 2
	murder a
	node a $PORT
	# Our own reports may not go on under a key whose index nobody knows:
	# that they are missing is all that the client has to say.
	called R7866-8.1.1-1
	dir=$(of a)
	until_true 2 ended $dir
	heard $dir/1.wav 3
	heard $dir/2.wav 3
	ends a
}

@test "without keys in the store new ones are agreed" {
	node a $PORT --store-keys no
	calls --srtp sdes $URI
	sleep 2
	# What the client offered is not in the store.
	key=$(strings -n 20 state.db* |
	    grep -o 'inline:[A-Za-z0-9+/]*' | sort -u | tr -d 'A\n')
	[ -z "$(echo "$key" | sed 's/inline://g; s/\*//g')" ]
	murder a
	node a $PORT --store-keys no
	called
	dir=$(of a)
	until_true 2 ended $dir
	heard $dir/1.wav 4
	[ "$(log 'select(.event == "end") | .streams[0].packets' $dir)" -gt 250 ]
	ends a
}

@test "a client that went away meanwhile is asked, and its session ended" {
	node a $PORT
	calls --udp-only $URI
	sleep 2
	murder a
	kill -STOP $CALLER
	node a $PORT --media-timeout 1
	dir=$(of a)
	until_true 25 ended $dir
	kill -9 $CALLER
	log 'select(.event == "end") | .reason' $dir | grep -qv bye-client
	clean_end $dir
	ends a
}

@test "a second server takes over what the first one has lost" {
	voice 14
	node a $PORT
	node b $((PORT + 2))
	calls --failover sip:rec@127.0.0.1:$((PORT + 2)) \
	    --session-expires 90 $URI
	sleep 3
	murder a
	called
	first=$(of a)
	second=$(of b)
	[ "$(basename $first)" = "$(basename $second)" ]
	until_true 2 ended $second
	[ "$(log 'select(.event == "end") | .reason' $second)" = bye-client ]
	[ "$(log 'select(.rule == "take-over") | 1' $second)" = 1 ]
	[ "$(log 'select(.event == "replaced") | 1' $second)" = 1 ]
	clean_end $second
	# Both parts are one recording.
	siprec-extract -q --join $first $second -o joined
	heard joined/*/1.wav 5
	heard joined/*/2.wav 5
	ends b
}

@test "a server that was asleep owns nothing twice" {
	voice 14
	node a $PORT
	node b $((PORT + 2))
	calls --failover sip:rec@127.0.0.1:$((PORT + 2)) \
	    --session-expires 90 $URI
	sleep 3
	kill -STOP ${NODE[a]}
	until_true 12 grep -q take-over b.events
	kill -CONT ${NODE[a]}
	called
	first=$(of a)
	second=$(of b)
	until_true 5 ended $first
	[ "$(log 'select(.event == "end") | .reason' $first)" = taken-over ]
	until_true 2 ended $second
	[ "$(log 'select(.event == "end") | .reason' $second)" = bye-client ]
	clean_end $first
	clean_end $second
	ends a
	ends b
}

@test "a store that cannot be reached is said at once" {
	run siprec-listen -l sip:127.0.0.1:$PORT --store redis://127.0.0.1:1/0
	[ $status -eq 69 ]
	[[ $output == *"--store"* ]]
	run siprec-listen -l sip:127.0.0.1:$PORT --store nonsense
	[ $status -eq 64 ]
}

@test "the default leaves nothing but recordings" {
	mkdir empty
	cd empty
	siprec-listen -l sip:127.0.0.1:$PORT --json >/dev/null 2>../words 3>&- &
	LISTEN=$!
	until_true 3 grep -q "listening on" ../words
	siprec-replay -q --duration 1 $URI >/dev/null
	kill -TERM $LISTEN
	wait $LISTEN
	[ "$(ls -A)" = recordings ]
	! ls -A recordings/* | grep '^\.'
}
