#!/usr/bin/env bash
# Build the container and try it, without Docker's engine: `make container`.
#
# Needs root, buildah and debootstrap (Debian packages). Where the Dockerfile's base image is not
# there yet, a Debian of the same release with its own Python takes its name. Ends with 75 where this
# machine cannot make one or run anything in it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot

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
        bookworm "$work/base" >"$work/debootstrap.log" || { cat "$work/debootstrap.log" >&2; exit 75; }
    ln -s python3 "$work/base/usr/bin/python"
    scratch=$(buildah from scratch) || exit 75
    buildah add --quiet "$scratch" "$work/base" / >/dev/null || exit 75
    buildah run "$scratch" -- /usr/bin/python3 --version >/dev/null || exit 75
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

container=$(buildah from --pull-never mien)
started=$(date +%s%N)
buildah run --user mien --env "PORT=$port" --env WEB_CONCURRENCY=2 "$container" -- \
    gunicorn --config serving/gunicorn.conf.py 'serving.app:create_app()' 2>"$work/server.log" &
server=$!
for _ in $(seq 600); do
    if curl --silent --fail "http://127.0.0.1:$port/readyz" >/dev/null; then break; fi
    kill -0 "$server" || { cat "$work/server.log" >&2; exit 1; }
    sleep 0.05
done
read -r up_s _ </proc/uptime
ready_ms=$((($(date +%s%N) - started) / 1000000))

photo=$(ls preprocessing/sample*.jpg)
for _ in $(seq 10); do
    curl --silent --fail --data-binary "@$photo" "http://127.0.0.1:$port/api/v1/predict" >"$work/answer.json"
done
python3 - "$work/answer.json" <<'PYTHON'
import json
import sys

(face,) = json.load(open(sys.argv[1]))["faces"]
print(f"answer: one face, {face['label']} with {face['confidence']:.0%}")
PYTHON

# The page answers too; all of it is read, for a curl that is cut off fails.
curl --silent --fail --form sample=1 "http://127.0.0.1:$port/" | grep 'happy' >/dev/null

# What each process holds, shared memory counted in parts (PSS); private is what one more would add.
workers=$(curl --silent "http://127.0.0.1:$port/metrics" |
    sed -n 's/^mien_worker_memory_bytes{pid="\([0-9]*\)"}.*/\1/p')
main=$(ps -o ppid= -p "${workers%%$'\n'*}")
# Of its stat the 22nd field, and the 20th behind the name: when it was started, since boot.
server_ms=$(sed 's/.*) //' "/proc/$((main))/stat" |
    awk -v up="$up_s" -v ticks="$(getconf CLK_TCK)" '{ printf "%d", 1000 * (up - $20 / ticks) }')
memory_mb() { awk -v of="$1" '$1 ~ of { kb += $2 } END { printf "%d", kb / 1024 }' "/proc/$2/smaps_rollup"; }
echo "memory, MB: main process $(memory_mb '^Pss:' $main)"
for worker in $workers; do
    private=$(memory_mb '^Private_' "$worker")
    echo "memory, MB: worker $(memory_mb '^Pss:' "$worker"), of it private $private"
    if [ "$private" -gt 250 ]; then
        echo "A worker takes more than 250 MB of its own." >&2
        exit 1
    fi
done
echo "image: $whole MB unpacked, $beyond MB of it beyond the base"
echo "ready $server_ms ms after the server's process began, $ready_ms ms after buildah was called"
if [ "$beyond" -gt 460 ]; then
    echo "The image has grown beyond 460 MB." >&2
    exit 1
fi
