#!/bin/sh
# A stand-in for az: fails as often and in the words that the test says, and notes each run.
echo "$*" >>"$FAKE_AZ_RUNS"
if [ "$(wc -l <"$FAKE_AZ_RUNS")" -gt "${FAKE_AZ_FAILS:-1000}" ]; then
  cat - >/dev/null
  echo '{"provisioningState":"Succeeded"}'
  exit 0
fi
printf '%s\n' "$FAKE_AZ_STDOUT"
printf '%s\n' "$FAKE_AZ_STDERR" >&2
exit "${FAKE_AZ_EXIT:-1}"
