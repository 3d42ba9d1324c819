# The events that siprec-extract prints against siprec-events(5): what is said
# is documented, what is documented is said, and each value has its type.

load lib/hand

setup_file() {
	cd "$BATS_FILE_TMPDIR"
	command -v siprec-extract >/dev/null || return 0
	all_events 2>words
}

setup() {
	command -v siprec-extract >/dev/null ||
		skip "siprec-extract is not built"
	page=$BATS_TEST_DIRNAME/../man/siprec-events.5
	cd "$BATS_FILE_TMPDIR"
}

# A recording that is put on hold by metadata alone, and goes on again; one
# that is refused; a plain call; one that is lost and continued in another.
capture() {
	local sends="<send>LIJNPGRnVFCLITcuy57Epg==</send>" way
	local xml="Content-Type: application/rs-metadata+xml"
	local text="Content-Type: application/sdp"
	local src="Contact: <sip:a@192.0.2.1>;+sip.src"
	local more=$'a=content:speaker\na=record:on\na=recordpref:on'

	capture_begin
	{ head_of h "1 INVITE" "" "INVITE sip:b@192.0.2.2 SIP/2.0" "$src" \
	    "$text" "User-Agent: by hand"
	  sdp 1 sendonly "$more"; } | datagram 1 2
	{ head_of h "1 INVITE" ";tag=b" "SIP/2.0 200 OK" "$text"
	  sdp 2 recvonly "$more"; } | datagram 2 1
	way=2
	for is in "complete $sends" "partial " "partial $sends"; do
		{ head_of h "$((way++)) UPDATE" ";tag=b" \
		    "UPDATE sip:b@192.0.2.2 SIP/2.0" "$src" "$xml"
		  metadata "${is%% *}" "${is#* }"; } | datagram 1 2
	done
	head_of h "9 BYE" ";tag=b" "BYE sip:b@192.0.2.2 SIP/2.0" |
		datagram 1 2
	{ head_of r "1 INVITE" "" "INVITE sip:b@192.0.2.2 SIP/2.0" "$src" \
	    "$text"; sdp 1 sendonly; } | datagram 1 2
	head_of r "1 INVITE" ";tag=b" "SIP/2.0 503 Full" | datagram 2 1
	{ head_of p "1 INVITE" "" "INVITE sip:b@192.0.2.2 SIP/2.0" "$text"
	  sdp 1 sendrecv; } | datagram 1 2
	{ head_of p "1 INVITE" ";tag=b" "SIP/2.0 200 OK" "$text"
	  sdp 2 sendrecv; } | datagram 2 1
	for id in lost found; do
		{ head_of $id "1 INVITE" "" "INVITE sip:b@192.0.2.2 SIP/2.0" \
		    "$src" "$text"; sdp 1 sendonly; } | datagram 1 2
		{ head_of $id "1 INVITE" ";tag=b" "SIP/2.0 200 OK" "$text"
		  sdp 2 recvonly; } | datagram 2 1
		{ head_of $id "2 UPDATE" ";tag=b" \
		    "UPDATE sip:b@192.0.2.2 SIP/2.0" "$src" "$xml"
		  metadata complete "$sends"; } | datagram 1 2
	done
	head_of lost "1 BYE" ";tag=a" "BYE sip:a@192.0.2.1 SIP/2.0" \
	    'Reason: SIP;cause=408;text="media-timeout"' |
	    sed 's/^From:\(.*\)tag=a/From:\1tag=b/' | datagram 2 1
}

# ---- what is said, what is documented ----

# Everything that there is, in events.jsonl.
all_events() {
	capture >hand.pcap
	mkcap --loss 0.05 --burst 15 --digits 4 --hold 3:5 --ssrc-change 6 \
	    --seconds 12 --seed 5 -w net.pcap
	mkcap --codec x-unheard-of --replaces --seconds 4 -w moved.pcap
	mkcap --transport tcp --seconds 1 -w tcp.pcap
	for f in hand net moved tcp; do
		siprec-extract -o $f --all $f.pcap
		siprec-extract -n $f.pcap
	done >events.jsonl
	siprec-extract -n --all -f 'udp portrange 16000-17000' net.pcap \
	    >>events.jsonl
	siprec-extract --join -o joined tcp/* >>events.jsonl
}

# Lines of "kind key value"; a key in an array is named array[].key.
said() {
	jq -r '.event as $kind | paths as $p | getpath($p) as $v
	    | ([$p[] | if type == "number" then "[]" else "." + . end]
		| join("") | ltrimstr(".")) as $key
	    | select($p[-1] | type == "string")
	    | [$kind, $key, ($v | type), ($v | tostring)] | @tsv' "$1"
}

# Lines of "kind key type" out of the page.
documented() {
	awk '
	/^\.Ss / { kind = $0; sub(/^\.Ss /, "", kind); kinds[kind]; next }
	/fields are those of$/ { getline; as[kind] = $2; next }
	/^\.It Va / {
		type = $0
		sub(/^\.It Va [^ ]+ Pq /, "", type)
		keys[kind] = keys[kind] kind "\t" $3 "\t" type "\n"
	}
	END { for (k in kinds) {
		if (k in as) {
			more = keys[as[k]]
			gsub("(^|\n)" as[k] "\t", "&\001", more)
			gsub(as[k] "\t\001", k "\t", more)
			keys[k] = keys[k] more
		}
		printf "%s", keys[k]
	} }' "$page"
}

@test "every key that is said is documented, and every one documented is said" {
	# Whom a client has proved to be is known to a server alone.
	documented | cut -f 1,2 | sort -u |
	    grep -vE '^begin.(asserted|identity|identity_by|orig|passport)$' >documented
	said events.jsonl | cut -f 1,2 | sort -u >said
	[ "$(cut -f 1 said | sort -u | wc -l)" -eq 15 ]
	# The common ones may stand in any event.
	grep '^Common fields' documented | cut -f 2 >common
	awk -F '\t' 'NR == FNR { common[$1]; next }
	    $2 in common { print "Common fields\t" $2; next } { print }' \
	    common said | sort -u >said.all
	diff documented said.all
}

@test "each value has the type that the page gives it" {
	documented >documented
	said events.jsonl >said
	awk -F '\t' '
	function fits(t, json, v) {
		if (t == "time")
			return v ~ /^[0-9-]+T[0-9:]+\.[0-9][0-9][0-9]Z$/
		if (t == "seconds" || t == "place" || t == "number")
			return json == "number"
		if (t == "count")
			return json == "number" && v ~ /^[0-9]+$/
		if (t == "address")
			return json == "string" && v ~ /:[0-9]+$/
		if (t == "ssrc")
			return v ~ /^0x[0-9a-f]+$/ && length(v) == 10
		if (t == "bool")
			return json == "boolean"
		if (t ~ /^array/)
			return json == "array"
		return t == "string" && json == "string"
	}
	NR == FNR { type[$1 "\t" $2] = $3; next }
	{
		t = type[($1 "\t" $2 in type ? $1 : "Common fields") "\t" $2]
		if (!fits(t, $3, $4)) { print $1, $2, t, $4; bad = 1 }
	}
	END { exit bad }' documented said
	# Seconds have six decimals, also where they are none.
	grep -q '"duration":[0-9]*\.[0-9]\{6\},' events.jsonl
}

# What the examples of the page were taken from.
example_events() {
	siprec-extract -o real \
	    "$BATS_TEST_DIRNAME/../tests/golden/sample/sample.pcap"
	while read -r options; do
		mkcap $options -w example.pcap
		siprec-extract -o real example.pcap
	done <<-END
	--loss 0.05 --burst 15 --seconds 10 --seed 5
	--ssrc-change 2.5
	--hold 1:3
	--replaces
	--codec x-foo
	END
	siprec-extract -n hand.pcap
}

@test "the examples of the page are true, each under its own title" {
	awk '
	/^\.Ss / { kind = $2 }
	/^\.Bd / { on = 1; line = ""; next }
	/^\.Ed/ { on = 0; print kind "\t" line; next }
	on { line = line $0 }' "$page" >examples
	cut -f 2 examples >examples.jsonl
	[ "$(wc -l <examples.jsonl)" -eq 15 ]
	[ "$(jq -r .event examples.jsonl)" = "$(cut -f 1 examples)" ]
	example_events >real.jsonl 2>words
	[ -z "$(jq -c --slurpfile real real.jsonl '. as $example |
	    select(any($real[]; contains($example)) | not)' \
	    examples.jsonl)" ]
}

@test "a hold that only the metadata tells" {
	[ "$(jq -c 'select(.event == "hold") | [.label, .on]' \
	    hand/h/session.jsonl | tr -d '\n')" = '["1",true]["1",false]' ]
}

@test "begin is the first event of a session, end the last, log and stdout the same" {
	sort events.jsonl >said.sorted
	for log in hand/*/session.jsonl net/*/session.jsonl; do
		[ "$(head -1 "$log" | jq -r .event)" = begin ]
		[ "$(tail -1 "$log" | jq -r .event)" = end ]
		[ -z "$(sort "$log" | comm -23 - said.sorted)" ]
	done
}
