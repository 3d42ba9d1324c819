# siprec-extract(1) says what the program does: its examples, options, exit
# statuses, files and warnings.

setup() {
	command -v siprec-extract >/dev/null ||
		skip "siprec-extract is not built"
	root=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
	page=$root/man/siprec-extract.1
	sample=$root/tests/golden/sample/sample.pcap
	cd "$BATS_TEST_TMPDIR"
}

# A section of the page as the reader sees it.
section() {
	mandoc -Tascii -O width=78 "$page" | sed 's/.\x08//g' |
	    awk -v want="$1" '/^[A-Z]/ { on = $0 == want; next } on'
}

# Each example in a file of its own: lines behind a prompt, and what they go
# on with.
examples() {
	section EXAMPLES | awk '
	/^ +\$ / {
		if (!on)
			out = sprintf("example-%02d", ++n)
		on = 1
	}
	!/^          / { on = 0 }
	on { sub(/^ +\$ /, ""); print >out }'
	ls example-*
}

@test "the examples do what they say" {
	command -v mandoc >/dev/null || skip "mandoc is not installed"
	command -v siprec-meta >/dev/null || skip "siprec-meta is not built"
	cp "$sample" monday.pcap
	mkcap --seed 9 --seconds 1 -w tuesday.pcap
	gzip tuesday.pcap
	mkcap --link raw --seed 9 -w abc.pcap
	cutcap 0 2 abc.pcap abc1.pcap
	cutcap 3 9 abc.pcap abc2.pcap
	for node in 1 2; do
		siprec-extract -q -o node$node abc$node.pcap
		mv node$node/* node$node/abc
	done
	n=0
	for example in $(examples); do
		cat "$example"
		grep -q '^ssh' "$example" && continue
		bash -euo pipefail "$example" >said
		cat said
		[ -s said ]
		n=$((n + 1))
	done
	[ $n -ge 8 ]
	[ -s calls/2026/01/01/mkcap-7-0000_src/mix.flac ]
	[ -s calls/mkcap-9-0000_src/1.wav ]
}

@test "--help and the page know the same options" {
	siprec-extract --help |
	    grep -oE '^  (-.,|   ) --[a-z-]+' | grep -oE -- '--[a-z-]+' |
	    sort >said
	awk '/^\.Sh/ { on = $2 == "OPTIONS" }
	    on && /^\.It Fl/ { for (i = 1; i <= NF; i++)
		if ($i ~ /^-./) print "-" $i }' "$page" | sort >documented
	[ -s said ]
	diff said documented
	# The short ones stand beside the same long ones.
	siprec-extract --help | sed -nE 's/^  -(.), -(-[a-z-]+).*/\1 \2/p' |
	while read -r short long; do
		grep -qE "^\.It Fl $short , $long( |\$)" "$page"
	done
}

@test "every rule of a warning is explained" {
	cat "$root"/lib/core/*.c "$root"/lib/out/*.c "$root"/bin/siprec-extract.c |
	    tr -s '\n\t ' ' ' |
	    grep -oE '(warn|say_warning|sr_engine_note)\([^";]*"[^"]*"' |
	    grep -v cli_warn | sed 's/.*"\(.*\)"/\1/' |
	    grep -E '^([a-z]+|R[0-9]+-[0-9.-]+)$' | sort -u >said
	awk '/^\.Sh/ { on = $2 == "DIAGNOSTICS" }
	    on && /^\.It Li/ { print $3 }' "$page" | sort >documented
	[ "$(wc -l <said)" -ge 10 ]
	diff said documented
}

@test "every file of a session is named" {
	mkcap --codec-change 1 --seconds 2 -w both.pcap
	mkcap --codec x-unheard-of --seconds 1 --seed 2 -w odd.pcap
	siprec-extract -q -o out --mix mono --keep-rtp both.pcap odd.pcap
	for f in $(cd out && find . -type f | sed 's/.*\///' | sort -u); do
		case $f in
		metadata-0*) f=metadata-0001.xml ;;
		sdp-0*) f=sdp-0001.sdp ;;
		[12].*) f=.${f#*.} ;;
		esac
		grep -E '^\.It (Pa|Ar label Ns Pa) ' "$page" | grep -qF " $f" ||
		    { echo "$f"; return 1; }
		echo "$f"
	done | sort -u >seen
	[ "$(wc -l <seen)" -eq "$(grep -cE '^\.It (Pa|Ar label Ns Pa) ' \
	    "$page")" ]
}

# status WANT [argument]...
status() {
	local want=$1 got=0
	shift
	siprec-extract "$@" >said 2>&1 || got=$?
	echo "siprec-extract $*: $got"
	grep -qE "^\.It $want\$" "$page"
	[ $got -eq $want ]
}

@test "exit statuses, as the page has them" {
	mkcap --seconds 1 --truncate 100 -w short.pcap
	mkdir -p theirs/mkcap-7-0000_src
	touch theirs/mkcap-7-0000_src/letter
	status 0 -n "$sample"
	status 1 -n -f 'not udp port 5060' "$sample"
	status 2 -n short.pcap
	status 64 --no-such-option
	status 66 -n nowhere.pcap
	status 64 -n -f 'no filter at all' "$sample"
	status 73 -o theirs "$sample"
	[ "$(ls theirs/mkcap-7-0000_src)" = letter ]
	got=0
	siprec-extract -o out "$sample" >/dev/full 2>said || got=$?
	[ $got -eq 74 ]
	[ -s out/mkcap-7-0000_src/2.wav ]
}
