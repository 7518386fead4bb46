#!/bin/bash
# Says whether a submission file is well-formed (never how good it is). Usage: validate_submission.sh FILE
# Ends with status 0 if it is, 1 if it is not, 2 if it could not be checked.
set -u
file=${1:-}
if [ $# -ne 1 ] || [ ! -f "$file" ] || [ ! -r "$file" ]; then
    echo "usage: $0 FILE (a file that exists and can be read)" >&2
    exit 2
fi
url=${VALIDATION_URL:-http://localhost:5000/validate}
place=${url#http://}
place=${place%%/*}
boundary="----------------submission$RANDOM$RANDOM$RANDOM$RANDOM"
head="--$boundary"$'\r\n''Content-Disposition: form-data; name="file"; filename="submission"'$'\r\n\r\n'
tail=$'\r\n'"--$boundary--"$'\r\n'
size=$(stat -L -c %s -- "$file") || exit 2
if ! exec 3<>"/dev/tcp/${place%:*}/${place##*:}"; then
    echo "the validation server does not answer at $url" >&2
    exit 2
fi
{
    printf '%s\r\n' "POST /validate HTTP/1.1" "Host: $place" "Accept: text/plain" "Connection: close" \
        "Content-Type: multipart/form-data; boundary=$boundary" \
        "Content-Length: $((${#head} + size + ${#tail}))" ""
    printf '%s' "$head"
    head -c "$size" -- "$file"
    printf '%s' "$tail"
} >&3 2>/dev/null
valid=
while IFS= read -r line <&3; do
    line=${line%$'\r'}
    case $line in
        "X-Submission-Valid: "*) valid=${line#*: } ;;
        "") break ;;
    esac
done
cat <&3
case $valid in
    yes) exit 0 ;;
    no) exit 1 ;;
    *)
        echo "the validation server gave no verdict" >&2
        exit 2
        ;;
esac
