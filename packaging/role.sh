#!/bin/sh
# What the init script and the systemd units ask about a role: /usr/lib/chopmark/role WORD ROLE
#
#   config ROLE   the path of its configuration file
#   user ROLE     the user that it runs as
#   run ROLE      becomes the process
#
# ROLE is ingest, anchor, trace-api, desk, bridge, or all (every role of one file in one process).
#
# The file is the one that /etc/default/chopmark names, else /etc/chopmark/ROLE.toml, else
# /var/lib/chopmark/ROLE/chopmark.toml, which is where `chopmark init` puts it.
set -eu

word=${1:-} role=${2:-}
case $role in
  ingest | anchor | trace-api | desk | bridge) user=chopmark-$role ;;
  all) user=chopmark ;;
  *)
    echo "chopmark: got the role \`$role\`, expected ingest, anchor, trace-api, desk, bridge or all" >&2
    exit 2
    ;;
esac

CHOPMARK_INGEST_CONFIG='' CHOPMARK_ANCHOR_CONFIG='' CHOPMARK_TRACE_API_CONFIG='' CHOPMARK_DESK_CONFIG='' CHOPMARK_BRIDGE_CONFIG='' CHOPMARK_ALL_CONFIG=''
[ ! -r /etc/default/chopmark ] || . /etc/default/chopmark
case $role in
  ingest) config=$CHOPMARK_INGEST_CONFIG ;;
  anchor) config=$CHOPMARK_ANCHOR_CONFIG ;;
  trace-api) config=$CHOPMARK_TRACE_API_CONFIG ;;
  desk) config=$CHOPMARK_DESK_CONFIG ;;
  bridge) config=$CHOPMARK_BRIDGE_CONFIG ;;
  all) config=$CHOPMARK_ALL_CONFIG ;;
esac
if [ -z "$config" ]; then
  config=/etc/chopmark/$role.toml
  [ -e "$config" ] || config=/var/lib/chopmark/$role/chopmark.toml
  [ -e "$config" ] || config=/etc/chopmark/$role.toml
fi

case $word in
  config) printf '%s\n' "$config" ;;
  user) printf '%s\n' "$user" ;;
  run)
    if [ "$role" = all ]; then
      exec /usr/bin/chopmark up --config "$config"
    fi
    exec /usr/bin/chopmark up --role "$role" --config "$config"
    ;;
  *)
    echo "chopmark: got \`$word\`, expected config, user or run" >&2
    exit 2
    ;;
esac
