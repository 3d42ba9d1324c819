# extract - make a capture whose samples are known, extract it, compare.
# Every function works in $BATS_TEST_TMPDIR.

setup_extract() {
	command -v siprec-extract >/dev/null ||
		skip "siprec-extract is not built"
	cd "$BATS_TEST_TMPDIR" || return 1
}

# make_capture FILE [mkcap option]...: the capture, and its truth in ref/.
make_capture() {
	local file=$1
	shift
	rm -rf ref
	mkcap --ref ref "$@" -w "$file" 2>/dev/null
}

# extract STATUS [siprec-extract option]...: events to events.jsonl, words to
# words.txt, and no other exit status than that.
extract() {
	local want=$1 got=0
	shift
	siprec-extract "$@" >events.jsonl 2>words.txt || got=$?
	[ "$got" -eq "$want" ] && return 0
	echo "siprec-extract $*: exit status $got, not $want"
	head -5 words.txt
	return 1
}

# Everything in which session.jsonl files below $2 differ from the facts in $1.
facts_differ() {
	find "$2" -name session.jsonl -exec cat {} + |
	jq -n -r --slurpfile facts "$1/facts.jsonl" '
	def near(a; b; d): (a != null) and (b != null) and
	    ((a - b) | if . < 0 then -. else . end) <= d;
	def wrong(what; got; want): "\(what): \(got | tojson), not \(want | tojson)";
	[inputs] as $events
	| [$facts[] | select(has("label") | not)][] as $s
	| [$events[] | select(.session == $s.session)] as $ours
	| ([$ours[] | select(.event == "end")] | first) as $last
	| if $last == null then "\($s.session): no end event" else
	    (if $last.reason == $s.reason then empty
	     else wrong("\($s.session) reason"; $last.reason; $s.reason) end),
	    (if near($last.duration; $s.duration; 0.0005) then empty
	     else wrong("\($s.session) duration"; $last.duration; $s.duration) end),
	    ($facts[] | select(has("label") and .session == $s.session)
	     | . as $f
	     | ([$last.streams[] | select(.label == $f.label)] | first) as $got
	     | "\($s.session) stream \($f.label)" as $name
	     | if $got == null then "\($name): not in the end event" else
		(("packets", "lost", "late", "duplicate") as $k
		 | if $got[$k] == $f[$k] then empty
		   else wrong("\($name) \($k)"; $got[$k]; $f[$k]) end),
		(if near($got.heard; $f.heard; 0.0005) then empty
		 else wrong("\($name) heard"; $got.heard; $f.heard) end),
		(if near($got.duration; $f.duration; 0.0005) then empty
		 else wrong("\($name) duration"; $got.duration; $f.duration) end),
		([$ours[] | select(.event == "dtmf" and .label == $f.label)]
		 as $d
		 | if ([$d[].digit] == [$f.digits[].digit]) and
		      all(range($d | length); . as $i
			| near($d[$i].at; $f.digits[$i].at; 0.001) and
			  $d[$i].duration_ms == $f.digits[$i].duration_ms)
		   then empty
		   else wrong("\($name) digits";
			[$d[] | {digit, at, duration_ms}]; $f.digits) end),
		([$ours[] | select(.event == "gap" and .label == $f.label)]
		 as $g
		 | if ($g | length) == ($f.gaps | length) and
		      all(range($g | length); . as $i
			| near($g[$i].at; $f.gaps[$i].at; 0.001) and
			  near($g[$i].duration; $f.gaps[$i].duration; 0.001))
		   then empty
		   else wrong("\($name) gaps";
			[$g[] | {at, duration}]; $f.gaps) end)
	       end)
	  end'
}

# samples_differ REF OUT: every stream's file against its reference.
samples_differ() {
	local session label file
	jq -r 'select(has("label")) | [.session, .label] | @tsv' \
	    "$1/facts.jsonl" |
	while IFS=$'\t' read -r session label; do
		[ -e "$1/$session/$label.wav" ] || continue
		file=$(jq -r --arg l "$label" 'select(.event == "end") |
		    .streams[] | select(.label == $l) | .file' \
		    "$2/$session/session.jsonl" 2>/dev/null | head -1)
		if [ -z "$file" ] || [ ! -e "$2/$session/$file" ]; then
			echo "$session: no file of label $label"
			continue
		fi
		wavcmp "$1/$session/$label.wav" "$2/$session/$file" || true
	done
}

# same_as_ref OUT: samples and facts, and says what is not the same.
same_as_ref() {
	local said
	said=$(samples_differ ref "$1"
	    facts_differ ref "$1" || echo "the facts cannot be compared")
	[ -z "$said" ] && return 0
	printf '%s\n' "$said" | head -20
	return 1
}

# round_trip [mkcap option]...: out of siprec-extract comes what went in.
round_trip() {
	make_capture in.pcap "$@" && extract 0 -o out in.pcap &&
	    same_as_ref out
}

# The sha256 of every file below a directory, by name.
tree_sums() {
	(cd "$1" && find . -type f | sort | xargs sha256sum)
}

# count EVENT: how many of them there are in events.jsonl.
count() {
	jq -s --arg e "$1" '[.[] | select(.event == $e)] | length' events.jsonl
}
