# corpus-meta - documents of many products, and documents made to hurt.

setup() {
  bats_require_minimum_version 1.5.0
  [ -n "${SIPREC_CORPUS:-}" ] || skip "SIPREC_CORPUS is not set"
  HERE=$BATS_TEST_DIRNAME
}

# The program where it is built, else the reader alone.
json() {
  if command -v siprec-meta >/dev/null; then
    siprec-meta validate --json "$@" || [ $? -eq 1 ]
  else
    docjson "$@" || [ $? -eq 1 ]
  fi
}

@test "facts and verdicts of the corpus are as expected" {
  command -v jq >/dev/null || skip "no jq"
  json "$SIPREC_CORPUS"/metadata/*.xml >"$BATS_TEST_TMPDIR/got"
  run -0 jq -nr --slurpfile want "$SIPREC_CORPUS/metadata/EXPECTED.json" \
    --slurpfile got "$BATS_TEST_TMPDIR/got" -f "$HERE/corpus-meta.jq"
  printf '%s\n' "$output" | sed 's/^agreed/# agreed/' >&3
  n=$(jq length "$SIPREC_CORPUS/metadata/EXPECTED.json")
  [ "${lines[-1]}" = "agreed $n of $n" ]
}

@test "xmllint and the schema of the RFC agree with our schema" {
  command -v jq >/dev/null && command -v xmllint >/dev/null || skip "no jq or xmllint"
  n=0
  for f in "$SIPREC_CORPUS"/metadata/*.xml "$SIPREC_CORPUS"/hostile/xml/*.xml; do
    # What is refused unread, and JSON, which siprec-meta takes for our own.
    case $f in *nesting*|*namespaces*|*laughs*|*blowup*|*xxe*|*doctype*|*not-xml*) continue ;; esac
    ours=$(json "$f" | jq -r 'if .schema_valid then "yes"
      elif any(.findings[]; .text | contains("is not base64")) then "base64" else "no" end')
    if xmllint --noout --nonet --schema "$SIPREC_CORPUS/schema/rfc7865.xsd" "$f" 2>/dev/null
    then theirs=yes; else theirs=no; fi
    case $ours,$theirs in
      yes,yes|no,no|base64,*) n=$((n + 1)) ;;
      *) echo "$f: ours $ours, theirs $theirs"; false ;;
    esac
  done
  echo "# $n documents, one verdict" >&3
}

@test "no document takes a second or leaves a word on stderr" {
  cd "$BATS_TEST_TMPDIR"
  # Of the processor, since others may want it too; sanitizers take their part.
  limit=1
  case ${TOOLS:-} in *build-*) limit=10 ;; esac
  gunzip -c "$SIPREC_CORPUS/hostile/xml/huge-attribute-12M.xml.gz" >huge-attribute.xml
  for f in "$SIPREC_CORPUS"/hostile/xml/*.xml huge-attribute.xml; do
    export -f json
    run --separate-stderr -0 timeout 60 bash -c \
      'ulimit -t "$2"; json "$1" >out.json' - "$f" "$limit"
    [ -z "$stderr" ] || { echo "$f: $stderr"; false; }
    run -0 jq -e '.v == 1 and (.findings | type == "array")' out.json
    case $f in
      *laughs*|*xxe*|*blowup*|*doctype*)
        run -0 jq -e '(.valid or .well_formed) | not' out.json ;;
    esac
    run -1 grep -q 'root:.*:0:0' out.json
  done
  run -0 jq -e '.participants | length == 50000' <<<"$(json "$SIPREC_CORPUS/hostile/xml/many-participants-50k.xml")"
}

@test "memory stays below 100 MB" {
  [ -x /usr/bin/time ] || skip "no time(1)"
  case ${TOOLS:-} in *build-*) skip "a sanitizer takes more" ;; esac
  tool=$(command -v siprec-meta || command -v docjson)
  args=; case $tool in *siprec-meta) args="validate --json" ;; esac
  for f in "$SIPREC_CORPUS"/hostile/xml/*.xml; do
    /usr/bin/time -o "$BATS_TEST_TMPDIR/kb" -f %M "$tool" $args "$f" >/dev/null || true
    kb=$(tail -n 1 "$BATS_TEST_TMPDIR/kb")
    [ "$kb" -lt 102400 ] || { echo "$f: $kb KB"; false; }
  done
}
