#!/usr/bin/env bash
# Installs QU4RTET's EPCIS repository from PyPI below var/tools and measures it: scripts/bench-peer.sh
#
# Prints one line of JSON: {"peer": …, "captured": events a second, "histories": answers a second}. Documents have 1,000 events of two
# items each (EPCIS 1.2, XML), histories are those of items with three events, both over 16 connections. It runs under gunicorn with
# three workers, on a private PostgreSQL with the settings of ours. `chopmark-demo bench --peer` calls it; no test does.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly venv=$PWD/var/tools/peer
readonly documents=${PEER_DOCUMENTS:-12}     # of each of three steps
readonly queries=${PEER_QUERIES:-600}
fail() { printf '%s\n' "bench-peer: $*" >&2; exit 1; }

mkdir -p var/tools
# A virtual environment does not survive being moved.
if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
  rm -rf "$venv"
  python3 -m venv "$venv" || fail "python3 cannot make a virtual environment"
fi
"$venv/bin/python" -m pip install -q --disable-pip-version-check quartet-epcis==4.1.5 gunicorn psycopg2-binary djangorestframework \
  djangorestframework-xml django-filter haikunator quartet-capture >&2 || fail "the peer could not be installed"

pg=
for folder in "${CHOPMARK_PG_BIN:-}" /usr/lib/postgresql/*/bin var/tools/root/usr/lib/postgresql/*/bin; do
  [ -n "$folder" ] && [ -x "$folder/initdb" ] && pg=$folder
done
[ -n "$pg" ] || fail "PostgreSQL is missing; \`make setup\` installs it"
site=$(mktemp -d "${TMPDIR:-/tmp}/chopmark-peer-XXXXXX")
as=()
if [ "$(id -u)" -eq 0 ]; then
  as=(runuser -u nobody --)
  getent passwd postgres >/dev/null && as=(runuser -u postgres --)
fi
chmod 755 "$site"
mkdir "$site/pg"
[ ${#as[@]} -eq 0 ] || chown "${as[2]}" "$site/pg"

server='' gunicorn=''
stop() {
  [ -z "$gunicorn" ] || { kill "$gunicorn" 2>/dev/null || true; wait "$gunicorn" 2>/dev/null || true; }
  [ -z "$server" ] || "${as[@]}" "$pg/pg_ctl" -D "$site/pg/data" -m fast stop >/dev/null 2>&1 || true
  rm -rf "$site"
}
trap stop EXIT

(cd "$site" && "${as[@]}" "$pg/initdb" -D "$site/pg/data" -U peer --auth=trust --encoding=UTF8 --locale=C.UTF-8 >/dev/null)
printf '%s\n' "listen_addresses = ''" "shared_buffers = 256MB" "max_wal_size = 2GB" "fsync = on" "synchronous_commit = on" |
  (cd "$site" && "${as[@]}" tee -a "$site/pg/data/postgresql.conf" >/dev/null)
(cd "$site" && "${as[@]}" "$pg/pg_ctl" -D "$site/pg/data" -o "-k $site/pg" -l "$site/pg/log" -w start >/dev/null) ||
  fail "PostgreSQL did not start"
server=yes
"$pg/createdb" -h "$site/pg" -U peer peer

cat >"$site/peer_site.py" <<'PYTHON'
import io
import logging

import django
from django.conf import settings
from django.http import HttpResponse
from django.urls import include, path

logging.basicConfig(level=logging.ERROR)
settings.configure(
    LOGGING_CONFIG=None,
    DEBUG=False, ALLOWED_HOSTS=["*"], SECRET_KEY="peer", ROOT_URLCONF="peer_site", USE_TZ=True, MIDDLEWARE=[],
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "rest_framework", "quartet_capture", "quartet_epcis"],
    REST_FRAMEWORK={"DEFAULT_AUTHENTICATION_CLASSES": [], "DEFAULT_PERMISSION_CLASSES": [],
                    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"]},
    DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "peer", "USER": "peer",
                           "HOST": __import__("os").environ["PEER_PG"], "CONN_MAX_AGE": 600, "ATOMIC_REQUESTS": True}},
)
django.setup()

from quartet_epcis.parsing.business_parser import BusinessEPCISParser
from quartet_epcis.views import EntryEventHistoryView


def capture(request):
    BusinessEPCISParser(io.BytesIO(request.body)).parse()
    return HttpResponse(status=201)


urlpatterns = [path("capture", capture), path("history/<str:entry_identifier>/", EntryEventHistoryView.as_view())]

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
PYTHON

cat >"$site/measure.py" <<'PYTHON'
import http.client, json, os, sys, threading, time, uuid
from datetime import datetime, timezone

PORT, DOCUMENTS, QUERIES = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
EVENTS, CONNECTIONS = 1000, 16


def item(number):
    return f"urn:epc:id:sgtin:9521141.012345.{number}"


def document(step, first):
    at = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    action = "ADD" if step == "commissioning" else "OBSERVE"
    events = "".join(
        f"<ObjectEvent><eventTime>{at}</eventTime><eventTimeZoneOffset>+00:00</eventTimeZoneOffset><baseExtension><eventID>{uuid.uuid4()}"
        f"</eventID></baseExtension><epcList><epc>{item(first + 2 * n)}</epc><epc>{item(first + 2 * n + 1)}</epc></epcList>"
        f"<action>{action}</action><bizStep>urn:epcglobal:cbv:bizstep:{step}</bizStep>"
        f"<disposition>urn:epcglobal:cbv:disp:active</disposition><readPoint><id>urn:epc:id:sgln:9521141.00001.0</id></readPoint>"
        f"<bizLocation><id>urn:epc:id:sgln:9521141.00001.0</id></bizLocation></ObjectEvent>"
        for n in range(EVENTS))
    return (f'<?xml version="1.0" encoding="UTF-8"?><epcis:EPCISDocument xmlns:epcis="urn:epcglobal:epcis:xsd:1" schemaVersion="1.2" '
            f'creationDate="{at}"><EPCISBody><EventList>{events}</EventList></EPCISBody></epcis:EPCISDocument>').encode()


def send(requests, expected):
    """Sends all requests over CONNECTIONS connections; gives requests a second."""
    rest, lock, wrong = list(reversed(requests)), threading.Lock(), []

    def work():
        link = http.client.HTTPConnection("127.0.0.1", PORT, timeout=300)
        while not wrong:
            with lock:
                if not rest:
                    return
                method, path, make = rest.pop()
            body = make() if make else None
            link.request(method, path, body)
            answer = link.getresponse()
            text = answer.read()
            if answer.status != expected or (method == "GET" and text.count(b"bizStep") < 3):
                wrong.append(f"{method} {path} answered {answer.status}: {text[:300]!r}")

    begun = time.monotonic()
    threads = [threading.Thread(target=work) for _ in range(CONNECTIONS)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    if wrong:
        sys.exit(wrong[0])
    return len(requests) / (time.monotonic() - begun)


rates = []
for step in ("commissioning", "storing", "inspecting"):
    requests = [("POST", "/capture", lambda step=step, n=n: document(step, n * EVENTS * 2)) for n in range(DOCUMENTS)]
    rates.append(send(requests, 201) * EVENTS)
items = DOCUMENTS * EVENTS * 2
queries = [("GET", f"/history/{item(n * 7919 % items)}/", None) for n in range(QUERIES)]
print(json.dumps({"peer": "QU4RTET (quartet-epcis 4.1.5)", "captured": sorted(rates)[1], "histories": send(queries, 200)}))
PYTHON

export PEER_PG=$site/pg PYTHONPATH=$site
"$venv/bin/python" -c 'import peer_site; from django.core.management import call_command; call_command("migrate", verbosity=0)' >&2 ||
  fail "the peer's tables could not be made"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$venv/bin/gunicorn" --workers 3 --bind "127.0.0.1:$port" --timeout 300 --log-level warning peer_site:application >"$site/gunicorn.log" 2>&1 &
gunicorn=$!
for _ in $(seq 100); do
  python3 -c "import socket; socket.create_connection(('127.0.0.1', $port), 1)" 2>/dev/null && break
  sleep 0.2
done
"$venv/bin/python" "$site/measure.py" "$port" "$documents" "$queries" || {
  cut -c 1-300 "$site/gunicorn.log" | tail -n 20 >&2
  fail "the peer could not be measured"
}
