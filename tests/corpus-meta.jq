# corpus-meta.jq - our reading of the corpus against what is expected of it.
# $want: EXPECTED.json; $got: one object a document, as validate --json has it.
# A line per document, then a count; a key that is null there is absent here.

def clean: walk(if type == "object" then with_entries(select(.value != null)) else . end);

# Where $g lacks what $e has.  senders and findings are looked at below.
def lacks($e; $g; $at):
  if $e | type == "object" then
    $e | del(.senders, .findings, .findings_note) | to_entries[] | . as $x
    | if ($g | type) == "object" and ($g | has($x.key))
      then lacks($x.value; $g[$x.key]; "\($at).\($x.key)")
      else "\($at).\($x.key) is missing" end
  elif $e | type == "array" then
    if ($g | type) != "array" or ($e | length) != ($g | length)
    then "\($at): \($e | tojson) is \($g | tojson)"
    else range($e | length) as $i | lacks($e[$i]; $g[$i]; "\($at)[\($i)]") end
  elif $e == $g then empty
  else "\($at): \($e | tojson) is \($g | tojson)" end;

# The findings there are in other words: what of each must be said here.
def ours:
  if test("^aor without scheme: ") then .
  elif test(" has no sender$") then capture("^stream (?<s>.*) has no sender$") | "stream \"\(.s)\" has no sender"
  elif test(" senders$") then capture("^stream (?<s>.*) has (?<n>[0-9]+) senders$") | "\"\(.s)\" is mixed: it has \(.n) senders"
  elif test("undeclared participant ") then capture("undeclared participant (?<s>.*)$") | "undeclared participant: \"\(.s)\""
  elif test("undeclared session ") then capture("undeclared session (?<s>.*)$") | "undeclared session: \"\(.s)\""
  elif test("undeclared stream ") then capture("undeclared stream (?<s>.*)$") | "undeclared stream: \"\(.s)\""
  elif test("^label ") then capture("^label (?<s>.*) used by ") | "label \"\(.s)\" is used by two streams"
  elif test("without session id$") then "without session_id"
  else . end;

# An update need not say again who sends what.
def unsaid($e; $g):
  ($g.findings | map(.text)) as $said
  | ($e.findings // [])[] | select($e.datamode != "partial" or (test(" has no sender$") | not))
  | ours | select(. as $f | $said | any(contains($f)) | not) | "not said: \(.)";

def one($name; $e; $g):
  ($e.facts // $e.facts_after_repair // {} | clean) as $facts
  | [ (if $g == null then "not read" else
        (if $g.well_formed != $e.well_formed then "well_formed is \($g.well_formed)" else empty end),
        (if $g.schema_valid != $e.strict_valid then "schema_valid is \($g.schema_valid)" else empty end),
        (if $g.valid and ($e.strict_valid | not) then "valid is true" else empty end),
        (if $e.strict_valid and ($g.valid | not) then "valid is false" else empty end),
        lacks($facts; $g; ""),
        unsaid($facts; $g)
      end) ];

($got | map({ key: (.file | sub("^.*/metadata/"; "metadata/")), value: . }) | from_entries) as $by
| [ $want[0] | to_entries[] | { name: .key, g: $by[.key], faults: one(.key; .value; $by[.key]) } ] as $all
| ($all[] | "# \(if .faults == [] then "same" else "DIFF" end) \(.g.dialect // "-") \(.g.findings // [] | length) findings \(.name)\(.faults | map("\n#      " + .) | join(""))"),
  "agreed \($all | map(select(.faults == [])) | length) of \($all | length)"
