# siprec(7) says what is: the JSON of a document, what is ours in the XML, the
# limits, and the files that it points to.

setup() {
	root=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
	page=$root/man/siprec.7
	cd "$root"
}

@test "every key of a document in JSON is named in the page" {
	command -v siprec-meta >/dev/null || skip "siprec-meta is not built"
	siprec-meta convert --to json tests/golden/meta/*.xml \
	    ${SIPREC_CORPUS:+"$SIPREC_CORPUS"/metadata/*.xml} \
	    >"$BATS_TEST_TMPDIR/json" 2>/dev/null || true
	jq -r 'paths | map(select(type == "string")) | .[-1]' \
	    "$BATS_TEST_TMPDIR/json" | sort -u >"$BATS_TEST_TMPDIR/said"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/said")" -ge 25 ]
	for key in $(cat "$BATS_TEST_TMPDIR/said"); do
		sed -n '/^\.Ss JSON/,/^\.Sh DEV/p' "$page" |
		    grep -E '^\.(It )?(Va|Pq) ' | tr -d '[],' |
		    grep -qw "$key" || { echo "$key"; return 1; }
	done
}

@test "what is ours in canonical XML is named in the page" {
	grep -qF "$(sed -n 's/.*META_OURS "\(.*\)"/\1/p' lib/meta/writer.h)" \
	    "$page"
	for name in $(cat lib/meta/xml.c lib/meta/writer.c |
	    grep -oE '<x?:?[a-z-]+ xmlns' | tr -d '<' | sed 's/.*://; s/ .*//' |
	    grep -vE '^(recording|requestsnapshot)$' | sort -u); do
		echo "$name"
		grep -q "^\.It Li $name\$" "$page"
	done
}

@test "the limits are those of the source" {
	while IFS='|' read -r file source words; do
		grep -qF -e "$source" "$file" ||
		    { echo "$file: no more: $source"; return 1; }
		sed -n '/^\.Sh LIMITS/,/^\.Sh WHAT/p' "$page" | tr '\n' ' ' |
		    grep -qF -e "$words" || { echo "not said: $words"; return 1; }
	done <<-'END'
	lib/io/priv.h|CAP_FRAME = 256 * 1024|256 KiB; 65,536 interfaces
	lib/io/capture_pcapng.c|MAX_IFACES = 65536|65,536 interfaces
	lib/core/engine.c|max_message = 1 << 20|1 MiB; 64 KiB
	lib/sip/priv.h|SIP_MAX_HEAD = 65536|64 KiB and
	lib/sip/priv.h|SIP_MAX_HEADERS = 1024|1,024 header fields
	lib/sip/priv.h|SIP_MAX_PARTS = 32, SIP_MAX_DEPTH = 4|32 parts, 4 levels
	lib/sip/sdp.c|MAX_MLINES = 256|256 m-lines
	lib/core/priv.h|MAX_MLINES = 256, MAX_FORMATS = 32|32 of a stream
	lib/sip/attr.c|MAX_SDES = 32|32 a=crypto lines
	lib/core/priv.h|FORMAT_TABLE = 4096|3,072 different ones
	lib/core/session.c|FORMAT_TABLE * 3 / 4|3,072 different ones
	lib/core/offer.c|MAX_NOTES = 64|64 offers, answers
	lib/core/engine.c|max_sessions = 1000000|1,000,000 sessions
	lib/core/engine.c|max_flows = 1000000|1,000,000 flows
	lib/core/call_table.c|MAX_CALLS = 200000|200,000 calls
	lib/core/flow.c|IDLE (120 * SR_SEC)|after 120 s
	lib/core/said.c|MAX_DOC = 4 << 20, MAX_PEOPLE = 16|16 are told
	lib/core/said.c|MAX_DOC = 4 << 20|4 MiB in siprec-extract
	lib/core/said.c|16 << 20|16 MiB its snapshot
	lib/meta/priv.h|SR_MAX_DEPTH = 256|256 levels
	lib/meta/priv.h|SR_MAX_ATTRS = 256|256 attributes
	lib/meta/priv.h|SR_MAX_NS = 512|512 namespaces
	lib/meta/priv.h|SR_MAX_TAG = 1 << 20|1 MiB of a tag
	lib/meta/priv.h|SR_MAX_FINDINGS = 250|250 findings
	lib/core/media.c|MAX_FORKS = 7|8 of an m-line
	lib/core/engine.c|max_orphans = 4 << 20|4 MiB together
	lib/core/orphan.c|c->data.n : 2048|2,048 bytes of a packet
	lib/rtp/priv.h|MAX_HELD = 1024|1,024 packets
	lib/rtp/priv.h|MAX_HELD_BYTES = 256 * 1024|256 KiB of a source
	lib/rtp/priv.h|SEEN = 512|512 packets back
	lib/rtp/priv.h|WINDOW (500 * SR_MSEC)|500 ms
	lib/net/frag.c|MAX_WAITING = 1024|1,024 datagrams
	lib/net/frag.c|MAX_AGE (30 * SR_SEC)|for 30 s
	lib/net/frag.c|MAX_RANGES = 48|48 holes
	lib/net/conn.c|MAX_CONNS = 65536|65,536 connections
	lib/net/stream.c|HOLD (2 * SR_SEC)|behind a hole 2 s
	lib/net/stream.c|MAX_BYTES = 1024 * 1024|1 MiB or 1,024 segments
	lib/net/stream.c|MAX_SEGS = 1024|1,024 segments
	lib/net/priv.h|NET_DEPTH = 8|8 headers
	bin/siprec-extract.c|sr_net_new(&r.net, 8 << 20)|8 MiB together
	lib/core/session.c|NAME = 128|128 bytes of the Call-ID
	lib/out/files.c|stem[100]|99 of the label
	END
}

@test "the files that the page points to are there" {
	for f in $(sed -n '/^\.Ss Where/,/^\.Sh/p' "$page" |
	    awk '/^\.It [a-z]/ { d = $2 } /^\.Pa [a-z]/ {
		for (i = 2; i <= NF && $i ~ /[a-z]/; i++)
			print $i ~ /\// ? $i : "lib/" d "/" $i }'); do
		ls $f
	done >"$BATS_TEST_TMPDIR/files"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/files")" -ge 25 ]
	for layer in lib/*/; do
		ls $layer*.c >/dev/null 2>&1 || continue
		grep -q "^\.It $(basename "$layer")\$" "$page" ||
		    { echo "$layer"; return 1; }
	done
}
