#!/usr/bin/env bash
# Build the container and try it, without Docker's engine: `make container`.
#
# Where the Dockerfile's base image is not there yet, a Debian of the same release with its own
# Python takes its name. Ends with 75 where this machine cannot make one or run anything in it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot

cannot() {
    echo "no container can be tried here: $1" >&2
    exit 75
}
fail() {
    echo "$1" >&2
    exit 1
}
[ "$(id -u)" -eq 0 ] || cannot "it takes root"
for program in buildah debootstrap curl ps unshare python3; do
    command -v "$program" >/dev/null ||
        cannot "$program is missing: apt-get install buildah debootstrap curl procps util-linux python3"
done

base=docker.io/library/$(sed -n 's/^FROM \(python[^ ]*\)$/\1/p' Dockerfile)
port=18081
work=$(mktemp -d)
finish() {
    if [ -n "${server:-}" ]; then kill "$server" 2>/dev/null || true; fi
    wait
    if [ -n "${container:-}" ]; then buildah rm "$container" >/dev/null; fi
    rm -rf "$work"
}
trap finish EXIT

if ! buildah inspect --type image "$base" >/dev/null 2>&1; then
    echo "making a base image in the name of $base" >&2
    debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates \
        bookworm "$work/base" >"$work/debootstrap.log" ||
        { cat "$work/debootstrap.log" >&2; cannot "debootstrap failed"; }
    ln -s python3 "$work/base/usr/bin/python"
    scratch=$(buildah from scratch) || cannot "buildah gives no container"
    buildah add --quiet "$scratch" "$work/base" / >/dev/null || cannot "buildah copies nothing"
    buildah run "$scratch" -- /usr/bin/python3 --version >/dev/null || cannot "buildah runs nothing"
    buildah commit --quiet --rm "$scratch" "$base" >/dev/null
fi

# pip must reach its index from inside as it does from outside.
volumes=(--volume /etc/ssl/certs:/etc/ssl/certs:ro)
if [ -f /etc/pip.conf ]; then volumes+=(--volume /etc/pip.conf:/etc/pip.conf:ro); fi
buildah build --quiet --format docker --pull-never --network host "${volumes[@]}" --tag mien . >/dev/null

size_mb() { # of an image's files, unpacked
    local id mounted
    id=$(buildah from --pull-never "$1")
    mounted=$(buildah mount "$id")
    du --summarize --block-size=1M "$mounted" | cut -f1
    buildah rm "$id" >/dev/null
}
whole=$(size_mb mien)
beyond=$((whole - $(size_mb "$base")))

# The image's own commands, a word a line.
buildah inspect --type image mien >"$work/image.json"
words() { # of a list in the image's configuration
    python3 - "$work/image.json" "$@" <<'PYTHON'
import json
import sys

found = json.load(open(sys.argv[1]))["Docker"]["config"]
for key in sys.argv[2:]:
    found = found[key]
print(*found, sep="\n")
PYTHON
}
mapfile -t command < <(words Cmd)
mapfile -t health < <(words Healthcheck Test)
[ "${#command[@]}" -gt 1 ] && [ "${health[0]}" = CMD ] || fail "The image lacks a command or a health check."

# buildah makes no root read-only; bound read-only in a namespace of its own, it stays so. Then buildah
# cannot create this file, nor tidy up in the end: its status says nothing, so words are waited for.
container=$(buildah from --pull-never mien)
root=$(buildah mount "$container")
touch "$root/run/.containerenv"
inside=(unshare --mount
    sh -c 'mount --bind "$1" "$1" && mount -t tmpfs -o mode=1777 none "$1/tmp" &&
        mount -o remount,bind,ro "$1" && shift && exec "$@"' sh "$root"
    buildah run --user mien --env "PORT=$port" --env WEB_CONCURRENCY=2 \
        --env MIEN_PICTURES_PER_MINUTE=0 "$container" --)
succeeds() { # a command in the container
    local said
    said=$("${inside[@]}" sh -c '"$@" && echo it is so' sh "$@" 2>"$work/inside.log" || true)
    [ "$said" = "it is so" ]
}
succeeds sh -c '! touch /app/here && touch /tmp/here' ||
    fail "The root of the container is not read-only, or /tmp is."

started=$(date +%s%N)
"${inside[@]}" "${command[@]}" 2>"$work/server.log" &
server=$!
for _ in $(seq 600); do
    if curl --silent --fail "http://127.0.0.1:$port/readyz" >/dev/null; then break; fi
    kill -0 "$server" || { cat "$work/server.log" >&2; exit 1; }
    sleep 0.05
done
read -r up_s _ </proc/uptime
ready_ms=$((($(date +%s%N) - started) / 1000000))
curl --silent --fail "http://127.0.0.1:$port/readyz" >/dev/null ||
    { cat "$work/server.log" >&2; fail "The server was not ready within 30 s."; }
succeeds "${health[@]:1}" || fail "The image's own health check fails."

photo=$(ls preprocessing/images/sample*.jpg)
workers() { # that have answered
    curl --silent "http://127.0.0.1:$port/metrics" |
        sed -n 's/^mien_worker_memory_bytes{pid="\([0-9]*\)"}.*/\1/p'
}
for _ in $(seq 100); do
    for _ in $(seq 5); do
        curl --silent --fail --data-binary "@$photo" "http://127.0.0.1:$port/api/v1/predict" >"$work/answer.json"
    done
    if [ "$(workers | wc -l)" -eq 2 ]; then break; fi
done
python3 - "$work/answer.json" <<'PYTHON'
import json
import sys

(face,) = json.load(open(sys.argv[1]))["faces"]
assert face["label"] == "happy", face
print(f"answer: one face, {face['label']} with {face['confidence']:.0%}")
PYTHON

# The page answers too; all of it is read, for a curl that is cut off fails.
curl --silent --fail --form sample=1 "http://127.0.0.1:$port/" | grep 'happy' >/dev/null

# The list of what is in the image is there, and names what is.
python3 - "$root/app/sbom.cdx.json" <<'PYTHON'
import json
import sys
from pathlib import Path

listed = json.load(open(sys.argv[1]))["components"]
purls = {each.get("purl", "").partition("?")[0] for each in listed}
lines = Path("requirements-serving.lock").read_text().splitlines()
pins = {line.split()[0] for line in lines if "==" in line and ";" not in line}
missing = {pin for pin in pins if "pkg:pypi/" + pin.replace("==", "@") not in purls}
assert not missing, f"not in the bill of materials: {missing}"
kinds = {kind: sum(purl.startswith(f"pkg:{kind}/") for purl in purls) for kind in ("pypi", "deb")}
models = [each["name"] for each in listed if each["type"] == "machine-learning-model"]
assert kinds["deb"] > 50 and {"model.tflite", "shape_predictor_68_face_landmarks.dat"} <= set(models)
print(f"bill of materials: {kinds['pypi']} Python and {kinds['deb']} Debian packages, {len(models)} models")
PYTHON

# What each process holds, shared memory counted in parts (PSS); private is what one more would add.
workers=$(workers)
[ "$(wc -l <<<"$workers")" -eq 2 ] || fail "Only one of two workers has answered."
main=$(ps -o ppid= -p "${workers%%$'\n'*}")
# Of its stat the 22nd field, and the 20th behind the name: when it was started, since boot.
server_ms=$(sed 's/.*) //' "/proc/$((main))/stat" |
    awk -v up="$up_s" -v ticks="$(getconf CLK_TCK)" '{ printf "%d", 1000 * (up - $20 / ticks) }')
memory_mb() { awk -v of="$1" '$1 ~ of { kb += $2 } END { printf "%d", kb / 1024 }' "/proc/$2/smaps_rollup"; }
echo "memory, MB: main process $(memory_mb '^Pss:' $main)"
for worker in $workers; do
    pss=$(memory_mb '^Pss:' "$worker") private=$(memory_mb '^Private_' "$worker")
    echo "memory, MB: worker $pss, of it private $private"
    # ONNX Runtime is loaded by each worker, for it cannot be forked: 35 MB.
    [ "$pss" -le 175 ] || fail "A worker holds more than 175 MB: the landmark model is not shared."
done
echo "image: $whole MB unpacked, $beyond MB of it beyond the base"
echo "ready $server_ms ms after the server's process began, $ready_ms ms after buildah was called (goal: 2000)"
# ONNX Runtime has 80 MB of it; SQLAlchemy, Alembic and psycopg, with which feedback can be turned
# on, have 45.
[ "$beyond" -le 590 ] || fail "The image has grown beyond 590 MB."
if [ "$server_ms" -gt 5000 ]; then
    awk -v cores="$(nproc)" '{ exit !($1 > cores) }' /proc/loadavg ||
        fail "The server took more than 5 s to be ready."
    echo "more than 5 s, but others keep this machine busy: $(cat /proc/loadavg)" >&2
fi
