# siprec-extract against captures of real clients, where SIPREC_CORPUS has them.

setup() {
	[ -n "${SIPREC_CORPUS:-}" ] || skip "SIPREC_CORPUS is not set"
	command -v siprec-extract >/dev/null ||
		skip "siprec-extract is not built"
	cd "$BATS_TEST_TMPDIR"
}

say() { echo "# $*" >&3; }

# extract FILE [option]...: below out/, events in events.jsonl, status in $rc.
extract() {
	local file=$1
	shift
	rm -rf out
	rc=0
	timeout 60 siprec-extract -o out "$@" "$file" >events.jsonl \
	    2>words.txt || rc=$?
}

# end_of CALL_ID: its end event.
end_of() {
	jq -c --arg c "$1" 'select(.event == "end" and .call_id == $c)' \
	    events.jsonl | head -1
}

# near A B TOLERANCE
near() {
	awk -v a="$1" -v b="$2" -v t="$3" \
	    'BEGIN { d = a - b; exit !((d < 0 ? -d : d) <= t + 0.0001) }'
}

# composed_stream DIR END TRUTH: one stream against what was composed.
composed_stream() {
	local dir=$1 end=$2 truth=$3 label got file
	label=$(jq -r .label <<<"$truth")
	got=$(jq -c --arg l "$label" '.streams[] | select(.label == $l)' \
	    <<<"$end")
	if [ -z "$got" ]; then
		echo "label $label: not there"
		return
	fi
	file=$dir/$(jq -r .file <<<"$got")
	jq -n -r --argjson t "$truth" --argjson g "$got" '
	    (if $g.packets == $t.unique_packets then empty else
	     "packets \($g.packets), not \($t.unique_packets)" end),
	    (if $g.lost == $t.lost then empty else
	     "lost \($g.lost), not \($t.lost)" end),
	    (if $g.duplicate == $t.duplicates then empty else
	     "duplicate \($g.duplicate), not \($t.duplicates)" end),
	    (($t.audio_payload_bytes / $t.clock) as $s
	     | if ($g.heard - $s) * ($g.heard - $s) < 0.000001 then empty else
	     "heard \($g.heard) s, not \($s)" end)' | sed "s/^/label $label: /"
	jq -r 'select(.pcm16le_sha256) | [.samples, .pcm16le_sha256] | @tsv' \
	    <<<"$truth" | while read -r samples sha; do
		wavcmp -f "$samples" "$sha" "$file" >found ||
		    sed "s/^/label $label: /" found
	done
	diff <(jq -r '.telephone_events // [] | .[] |
		"0123456789*#ABCD"[.:. + 1]' <<<"$truth") \
	    <(jq -r --arg l "$label" 'select(.event == "dtmf" and
		.label == $l) | .digit' "$dir/session.jsonl") >digits ||
	    echo "label $label: digits differ: $(tr '\n' ' ' <digits)"
}

@test "composed captures: the samples that were put in" {
	truths=$SIPREC_CORPUS/pcap/COMPOSED-TRUTH.json
	bad=0
	for name in $(jq -r 'keys[]' "$truths"); do
		truth=$(jq -c --arg n "$name" '.[$n]' "$truths")
		extract "$SIPREC_CORPUS/$name"
		end=$(end_of "$(jq -r .call_id <<<"$truth")")
		if [ -z "$end" ]; then
			said="no end event, status $rc"
		else
			dir=out/$(jq -r .session <<<"$end")
			said=$(jq -c '.streams[]' <<<"$truth" |
			    while read -r t; do
				composed_stream "$dir" "$end" "$t"
			    done)
		fi
		say "$name: ${said:-every stream as composed}"
		[ -z "$said" ] || bad=1
	done
	[ $bad -eq 0 ]
}

# rig_rows: EXPECTED.tsv, and how long each session's files must be: from its
# first media to its last.
rig_rows() {
	awk -F'\t' 'NR == 1 { next }
	{ row[NR] = $0; id[NR] = $1 FS $2
	  if ($12 > 0) {
		if (!(id[NR] in from) || $13 < from[id[NR]]) from[id[NR]] = $13
		if ($13 + $12 > to[id[NR]]) to[id[NR]] = $13 + $12 } }
	END { for (i = 2; i <= NR; i++)
		printf "%s\t%.3f\n", row[i], to[id[i]] - from[id[i]] }' \
	    "$SIPREC_CORPUS/rig/EXPECTED.tsv"
}

# rig_row: what is wrong with one row, in $end and in the row's variables.
rig_row() {
	local got
	if [ "$packets" -eq 0 ]; then
		got=$(jq -r --arg l "$label" '.streams[] | select(.label == $l)
		    | .packets' <<<"$end")
		[ "${got:-0}" -eq 0 ] || echo "packets $got, not 0"
		return
	fi
	got=$(jq -r --arg l "$label" '.streams[] | select(.label == $l) |
	    [.packets + .duplicate, .heard, .duration, .file] | @tsv' <<<"$end")
	[ -n "$got" ] || { echo "no such label"; return; }
	read -r p heard duration file <<<"$got"
	[ "$p" -eq "$packets" ] || echo "packets $p, not $packets"
	near "$heard" "$media" 0.02 || echo "heard $heard s, not $media"
	near "$duration" "$length" 0.04 || echo "file $duration s, not $length"
	frames=$(wavcmp -i "out/$(jq -r .session <<<"$end")/$file" |
	    awk '{ print $3 / $1 }')
	near "$frames" "$duration" 0.001 || echo "WAV $frames s, not $duration"
	got=$(jq -r .dialog_duration <<<"$end")
	near "$got" "$seconds" 0.1 || echo "dialog $got s, not $seconds"
}

# keylog_of NAME: the option for the secrets of its TLS, if it has any.
keylog_of() {
	local log=$SIPREC_CORPUS/rig/$1.keylog
	! grep -qs _SECRET "$log" || echo "--keylog $log"
}

@test "captures of real clients: packets, seconds, files" {
	bad=0 last=
	while IFS=$'\t' read -r pcap call ended seconds label port proto pt \
	    wire packets media wav first offers length; do
		if [ "$pcap" != "$last" ]; then
			extract "$SIPREC_CORPUS/rig/$pcap.siprec.pcap" \
			    $(keylog_of "$pcap")
			last=$pcap
		fi
		end=$(end_of "$call")
		if [ "$call" = - ]; then
			said=$([ $rc -eq 1 ] && [ ! -e out ] ||
			    echo "status $rc, not 1, or a directory")
		elif [ -z "$end" ]; then
			said="no end event, status $rc"
		else
			said=$(rig_row | paste -s -d, -)
		fi
		say "$(printf '%-22s %-9s %5s %6s %6s  %s' "$pcap" "$label" \
		    "$packets" "$media" "$wav" "${said:-good}")"
		[ -z "$said" ] || bad=1
	done < <(rig_rows)
	[ $bad -eq 0 ]
}

@test "a refused INVITE is a warning with its status, and no directory" {
	extract "$SIPREC_CORPUS/rig/os-udp-503.siprec.pcap"
	[ $rc -eq 1 ]
	[ ! -e out ] || [ -z "$(ls -A out)" ]
	grep '"warn"' events.jsonl | grep -q 503
}

@test "every capture there is: a status of 0, 1 or 2, and no crash" {
	bad=0
	for f in "$SIPREC_CORPUS"/pcap/*.pcap* "$SIPREC_CORPUS"/rig/*.pcap; do
		for all in "" --all; do
			extract "$f" $all
			if [ $rc -gt 2 ]; then
				say "$(basename "$f") $all: status $rc:" \
				    "$(head -1 words.txt)"
				bad=1
			fi
			jq -e -s 'type == "array"' events.jsonl >/dev/null || {
				say "$(basename "$f"): not JSON"
				bad=1
			}
		done
	done
	[ $bad -eq 0 ]
}

@test "plain calls with --all: about the packets that others see" {
	bad=0
	while IFS=$'\t' read -r name packets; do
		extract "$SIPREC_CORPUS/pcap/$name" --all
		got=$(jq -s '[.[] | select(.event == "end") | .streams[] |
		    .packets + .duplicate] | add // 0' events.jsonl)
		said=$(awk -v g="$got" -v w="$packets" 'BEGIN {
		    good = (g >= 0.9 * w && g <= 1.05 * w)
		    print good ? "good" : "bad" }')
		say "$(printf '%-45s %6s of %6s packets: %s' "$name" "$got" \
		    "$packets" "$said")"
		[ "$said" = good ] || bad=1
	done < <(jq -r '.[] | select(.sip_packets > 3 and .rtp_packets > 100
	    and .calls > 0) | [.name, .rtp_packets] | @tsv' \
	    "$SIPREC_CORPUS/pcap/FACTS.json")
	[ $bad -eq 0 ]
}

@test "a pause explains what is missing in it: no gap" {
	extract "$SIPREC_CORPUS/rig/jambonz-udp-pause.siprec.pcap"
	[ "$rc" -eq 0 ]
	[ "$(jq -s '[.[] | select(.event == "pause")] | length' events.jsonl)" \
	    -eq 2 ]
	[ "$(jq -s '[.[] | select(.event == "gap")] | length' events.jsonl)" \
	    -eq 0 ]
}

@test "TLS without its secrets: no session; the wrong ones: a word why" {
	tls=$SIPREC_CORPUS/rig/os-tls-rtp.siprec.pcap
	extract "$tls"
	[ "$rc" -eq 1 ]
	extract "$tls" --keylog "$SIPREC_CORPUS/rig/ff-tls-srtp32.keylog"
	[ "$rc" -eq 1 ]
	[ "$(grep -c 'secrets are not in the key log' events.jsonl)" -eq 1 ]
}

@test "the secrets may stand in the capture itself" {
	command -v editcap >/dev/null || skip "editcap is not here"
	log=$SIPREC_CORPUS/rig/ff-tls-srtp32.keylog
	pcap=$SIPREC_CORPUS/rig/ff-tls-srtp32.siprec.pcap
	editcap --inject-secrets "tls,$log" "$pcap" both.pcapng
	extract both.pcapng
	[ "$rc" -eq 0 ]
	sha256sum out/*/*.wav | cut -c1-64 >here
	extract "$pcap" --keylog "$log"
	sha256sum out/*/*.wav | cut -c1-64 | diff - here
	[ "$(wc -l <here)" -eq 2 ]
}

@test "no key is in anything that is written" {
	for name in os-udp-srtp ff-tls-srtp32; do
		pcap=$SIPREC_CORPUS/rig/$name.siprec.pcap
		extract "$pcap" $(keylog_of "$name") --keep-rtp
		[ "$rc" -eq 0 ]
		[ -s "$(echo out/*/rtp.pcap)" ]
		strings -n 20 "$pcap" | sed -n 's/.*inline:\([^|]*\).*/\1/p' |
		    sort -u >keys
		[ "$name" != os-udp-srtp ] || [ -s keys ]
		[ ! -s keys ] || ! grep -rqFf keys out events.jsonl words.txt
		! grep -raqE 'inline:[A-Za-z0-9+/]' out events.jsonl
	done
}

@test "what --keep-rtp keeps is in the clear, and gives the same again" {
	for name in os-udp-srtp ff-tls-srtp32; do
		extract "$SIPREC_CORPUS/rig/$name.siprec.pcap" --keep-rtp \
		    $(keylog_of "$name")
		sha256sum out/*/*.wav | cut -c1-64 >first
		mv out/*/rtp.pcap again.pcap
		extract again.pcap
		[ "$rc" -eq 0 ]
		sha256sum out/*/*.wav | cut -c1-64 | diff - first
	done
}
