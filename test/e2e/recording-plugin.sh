#!/bin/sh
# A CNI plugin that does nothing but write down its calls: COMMAND-CONTAINERID, with its input, in the folder beside it.
# STATUS fails while a file "not-ready" stands there.
set -eu
folder=$(dirname "$0")/calls
mkdir -p "$folder"
input=$(cat)
printf '%s' "$input" >"$folder/$CNI_COMMAND-${CNI_CONTAINERID:-none}"
printf '%s' "${CNI_ARGS:-}" >"$folder/$CNI_COMMAND-${CNI_CONTAINERID:-none}.args"

case "$CNI_COMMAND" in
  VERSION) echo '{"cniVersion": "1.1.0", "supportedVersions": ["0.4.0", "1.0.0", "1.1.0"]}' ;;
  ADD) printf '%s' "$input" | jq .prevResult ;;
  STATUS)
    if [ -e "$folder/not-ready" ]; then
      echo '{"cniVersion": "1.1.0", "code": 50, "msg": "no route to the other nodes yet"}'
      exit 1
    fi
    ;;
esac
