#!/bin/sh
# A fake systemctl, journalctl and rm, by the name it is called with: records every command in $FAKE_SYSTEMD/calls.
# $FAKE_SYSTEMD/failed exists while the service is a failed unit, $FAKE_SYSTEMD/old if systemd has no `clean`.
name=${0##*/}
separator=
echo "$name $*" >> "$FAKE_SYSTEMD/calls"
[ "$name" = rm ] && exit 0
if [ "$name" = journalctl ]; then
  case "$*" in *" _PID=4711"*) cat "$FAKE_SYSTEMD/journal" ;; esac
  exit 0
fi
[ "$1" = --user ] && shift
case $1 in
  show)
    shift
    for unit in "$@"; do
      printf '%s' "$separator"
      separator='
'
      echo "LoadState=loaded"
      echo "UnitFileState=enabled"
      case $unit in
        *.socket)
          printf 'ActiveState=inactive\nSubState=dead\nResult=success\nListen=%s (Stream)\n' "$FAKE_LISTEN" ;;
        *)
          if [ -e "$FAKE_SYSTEMD/failed" ]; then
            printf 'ActiveState=failed\nSubState=failed\nResult=exit-code\nMainPID=0\nExecMainPID=4711\n'
          else
            printf 'ActiveState=inactive\nSubState=dead\nResult=success\nMainPID=%s\nExecMainPID=4711\n' "${FAKE_PID:-0}"
          fi ;;
      esac
    done ;;
  clean)
    if [ -e "$FAKE_SYSTEMD/old" ]; then
      echo "Unknown operation clean." >&2
      exit 1
    elif [ -e "$FAKE_SYSTEMD/failed" ]; then
      echo "Failed to clean unit openclaw-shim.service: Unit is not inactive or has pending job." >&2
      exit 1
    fi ;;
  reset-failed)
    [ -e "$FAKE_SYSTEMD/failed" ] || exit 1
    command -p rm "$FAKE_SYSTEMD/failed" ;;
esac
