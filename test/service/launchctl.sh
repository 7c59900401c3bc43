#!/bin/sh
# A fake launchctl: records every command in $FAKE_LAUNCHCTL/calls, and knows which domains have the agent.
# NO_SCREEN=125 makes gui/UID a domain that cannot load agents. After a crash, $FAKE_LAUNCHCTL/crashed exists.
echo "$*" >> "$FAKE_LAUNCHCTL/calls"
verb=$1
case $verb in
  bootstrap) domain=$2 ;;
  kickstart) domain=${3%/*} ;;
  *) domain=${2%/*} ;;
esac
agent=$FAKE_LAUNCHCTL/$(echo "$domain" | tr / -)
if [ -n "$NO_SCREEN" ] && [ "$verb ${domain%%/*}" = "bootstrap gui" ]; then
  echo "Bootstrap failed: $NO_SCREEN: Domain does not support specified action" >&2
  exit "$NO_SCREEN"
fi
case $verb in
  print)
    if [ -e "$agent.leaving" ]; then
      # The first print after bootout still finds the agent.
      rm "$agent.leaving"
    elif [ ! -e "$agent" ]; then
      echo "Could not find service" >&2
      exit 113
    fi
    if [ -e "$FAKE_LAUNCHCTL/crashed" ]; then
      printf '%s = {\n\tactive count = 0\n\tstate = not running\n\tlast exit code = 2\n}\n' "$2"
      exit 0
    fi
    printf '%s = {\n\tactive count = 1\n\tstate = running\n\tpid = 4711\n\tlast exit code = 0\n}\n' "$2"
    ;;
  bootstrap)
    if [ -e "$agent" ]; then
      echo "Bootstrap failed: 5: Input/output error" >&2
      exit 5
    fi
    cp "$3" "$agent"
    ;;
  bootout) mv "$agent" "$agent.leaving" ;;
  kickstart | enable) ;;
  *) exit 64 ;;
esac
