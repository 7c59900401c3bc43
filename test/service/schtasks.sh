#!/bin/sh
# A fake schtasks.exe: $FAKE_WINDOWS/calls has every command, $FAKE_WINDOWS/tasks the XML of every task. /run starts the
# task's launcher with $FAKE_WSCRIPT. As on Windows, all but /create fail if there is no such task.
echo "$*" >> "$FAKE_WINDOWS/calls"
verb=$1
while [ $# -gt 0 ]; do
  case $1 in
    /tn) task=$FAKE_WINDOWS/tasks/$2 ;;
    /xml) xml=$2 ;;
  esac
  shift
done
if [ "$verb" = /create ]; then
  mkdir -p "$FAKE_WINDOWS/tasks" && cp "$xml" "$task"
  exit
fi
if [ ! -e "$task" ]; then
  echo "ERROR: The system cannot find the file specified." >&2
  exit 1
fi
case $verb in
  /delete) rm "$task" ;;
  /run) $FAKE_WSCRIPT "$task" < /dev/null > /dev/null 2>&1 & ;;
esac
