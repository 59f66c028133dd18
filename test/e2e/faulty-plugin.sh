#!/bin/sh
# A CNI plugin that fails, or hangs, for pods whose names begin with "fails" or "hangs".
# It hangs until a file "mended" stands beside it; its pid is in the file "hanging" then.
set -eu
folder=$(dirname "$0")
input=$(cat)

case "$CNI_COMMAND" in
  VERSION) echo '{"cniVersion": "1.0.0", "supportedVersions": ["0.4.0", "1.0.0"]}' ;;
  ADD)
    case "$CNI_ARGS" in
      *K8S_POD_NAME=fails*)
        echo '{"cniVersion": "1.0.0", "code": 100, "msg": "told to fail"}'
        exit 1
        ;;
      *K8S_POD_NAME=hangs*)
        if [ ! -e "$folder/mended" ]; then
          echo $$ >"$folder/hanging.new"
          mv "$folder/hanging.new" "$folder/hanging"
          exec sleep 100000
        fi
        ;;
    esac
    printf '%s' "$input" | jq .prevResult
    ;;
esac
