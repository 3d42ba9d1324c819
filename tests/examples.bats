# README.md's own words: every example that is marked runs as it stands.

setup() {
	root=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
	cd "$BATS_TEST_TMPDIR"
	cp "$root/tests/golden/sample/sample.pcap" .
}

# The marked blocks of README.md, each in a file of its own, in order.
examples() {
	awk -v dir="$BATS_TEST_TMPDIR" '
	/^<!-- example -->$/ { marked = 1; next }
	/^```sh$/ && marked { out = sprintf("%s/example-%02d", dir, ++n); next }
	/^```$/ { out = ""; marked = 0 }
	out != "" { print >out }
	' "$root/README.md"
	ls example-*
}

@test "the examples of README.md do what they say" {
	for example in $(examples); do
		cat "$example"
		for program in siprec-extract siprec-meta; do
			if grep -q "$program" "$example"; then
				command -v $program >/dev/null ||
					skip "$program is not built"
			fi
		done
		bash -euo pipefail "$example" >said
		cat said
		[ -s said ]
	done
}

@test "the sample says two voices and three digits" {
	command -v siprec-extract >/dev/null ||
		skip "siprec-extract is not built"
	siprec-extract -o calls sample.pcap >events
	[ "$(ls calls/*/*.wav | wc -l)" -eq 2 ]
	[ "$(jq -r 'select(.event == "dtmf") | .digit' events | tr -d '\n')" \
	    = "42#" ]
	[ "$(ls calls/*/session.jsonl calls/*/metadata*.xml | wc -l)" -eq 3 ]
}

@test "README.md and the check of everything install the same packages" {
	grep -qF '$(cat tests/packages)' "$root/README.md"
	grep -qF '<tests/packages' "$root/.ci/run"
}

@test "completions and --help name the same options" {
	command -v siprec-extract >/dev/null ||
		skip "siprec-extract is not built"
	options=$(siprec-extract --help | grep -oE '^  .{0,4}--[a-z-]+' |
	    grep -oE -- '--[a-z-]+' | sort)
	[ -n "$options" ]
	cd "$root/completions"
	for o in $options; do
		for f in siprec-extract.bash _siprec-extract; do
			grep -qe "$o" $f || { echo "$f lacks $o"; return 1; }
		done
		grep -qe "-l ${o#--} " -e "-l ${o#--}\$" siprec-extract.fish ||
		    { echo "siprec-extract.fish lacks $o"; return 1; }
	done
	for o in $(grep -oE -- '--[a-z-]+' siprec-extract.bash | sort -u); do
		case " $(echo $options) " in
		*" $o "*) ;;
		*) echo "$o is no option"; return 1 ;;
		esac
	done
}
