#!/usr/bin/env bash
# Build the image without a container engine, run it, and check that it behaves as the Dockerfile specifies.
#
# How: buildah builds the Dockerfile of this tree as it stands, on a base that debootstrap makes under
# the very name that FROM asks for (base.sh). The result then runs in namespaces of its own with its
# root mounted read-only (contain.sh), as the user, with the variables and the command that the image's
# configuration names (facts.py): what is tested is the image, not this script's idea of it.
#
# Exit code: 0 all checks passed, 1 a check failed, 77 cannot run here (said on the last line).
# The base and the layers stay in .work/image, so a second run takes seconds.
set -euo pipefail
umask 022

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$root/.work/image
image=localhost/mock-clover:test
port=4242

skip() {
    echo "skipped: $*"
    exit 77
}

[[ $(id -u) == 0 ]] || skip "making a root filesystem and namespaces needs root"
grep -qsx 'ID=debian' /etc/os-release || skip "needs Debian (debootstrap, its mirror and its keys)"
refusal=$(unshare --mount --pid --net --ipc --uts --fork true 2>&1) ||
    skip "no namespace can be made here: $refusal"

mkdir -p "$work/tmp"
# Two runs at once would share the storage and the settings.
exec 9>"$work/lock"
flock 9

# ---- telling ----------------------------------------------------------------------------------------
log=/dev/null
started=$EPOCHREALTIME

elapsed_ms() { # since a moment of EPOCHREALTIME, whose decimals are always six
    echo $(((${EPOCHREALTIME/[.,]/} - ${1/[.,]/}) / 1000))
}

ok() { echo "ok  $*"; }

fail() {
    if [[ -s $log ]]; then
        echo "---- the end of $(basename "$log") ----"
        tail -n 60 "$log"
        echo "----"
    fi
    echo "NOT $*"
    exit 1
}

logged() { # logged NAME COMMAND…: the command's output is kept, and shown if it fails
    local name=$1 before=$EPOCHREALTIME
    shift
    log=$work/${name// /-}.log
    "$@" >"$log" 2>&1 </dev/null 9>&- || fail "$name"
    ok "$name ($(elapsed_ms "$before") ms)"
}

# ---- tools ------------------------------------------------------------------------------------------
packages=()
while read -r command package; do
    command -v "$command" >/dev/null || packages+=("$package")
done <<'TOOLS'
buildah buildah
debootstrap debootstrap
curl curl
ip iproute2
pgrep procps
TOOLS
# Python comes without pip on a bare Debian, and pip's settings are asked of pip.
python3 -m pip --version >/dev/null 2>&1 || packages+=(python3-pip)
install_packages() {
    export DEBIAN_FRONTEND=noninteractive
    apt-get -o DPkg::Lock::Timeout=300 update &&
        apt-get -o DPkg::Lock::Timeout=300 install --yes --no-install-recommends "${packages[@]}"
}
if ((${#packages[@]})); then
    logged "install ${packages[*]}" install_packages
fi

# Overlay where the kernel mounts it (a fifth of the time and a tenth of the disk), else plain copies.
overlay_mounts() {
    rm -rf "$work/tmp/probe"
    mkdir -p "$work/tmp/probe"/{lower,upper,scratch,merged}
    (
        cd "$work/tmp/probe"
        unshare --mount mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=scratch overlay merged
    ) 2>/dev/null
}
driver=${STORAGE_DRIVER:-}
if [[ -z $driver ]]; then
    if overlay_mounts; then driver=overlay; else driver=vfs; fi
fi
# With plain copies each instruction of the Dockerfile would cost the whole tree again.
layers=$([[ $driver == vfs ]] && echo false || echo true)
buildah=(buildah --root "$work/$driver" --runroot "$work/$driver-run" --storage-driver "$driver")
export BUILDAH="${buildah[*]}" TMPDIR=$work/tmp

# ---- what must not outlive this script --------------------------------------------------------------
server='' container=''
clean() {
    # Killing PID 1 of its namespace ends all that runs in the container.
    [[ -z $server ]] || kill -KILL "$server" 2>/dev/null || true
    [[ -z $container ]] || "${buildah[@]}" rm "$container" >/dev/null 2>&1 || true
    rm -rf "$work/pip.conf" "$work/ca.pem" "$work/layout" "$work/tmp"
    # buildah leaves its storage mounted, and a folder with a mount cannot be removed.
    awk -v work="$work/" 'index($2, work) == 1 { print $2 }' /proc/mounts | sort --reverse |
        xargs --no-run-if-empty umount --lazy
}
trap clean EXIT

# ---- build ------------------------------------------------------------------------------------------
# A run that was killed may have left a container; many runs leave many layers.
"${buildah[@]}" rm --all >/dev/null
if (($("${buildah[@]}" images --all --quiet | wc -l) > 60)); then
    "${buildah[@]}" rmi --prune --force >/dev/null
fi

# A base that is made here has another digest than the one that the Dockerfile may name.
sed 's/@sha256:[0-9a-f]*//' "$root/Dockerfile" >"$work/Dockerfile"
base=$(awk '$1 == "FROM" { print $2; exit }' "$work/Dockerfile")
recipe=$(cat "$here/base.sh" - <<<"$base" | sha256sum)
made=$work/$driver.base
base_is_made() {
    [[ -e $made && $(<"$made") == "$recipe" ]] &&
        "${buildah[@]}" inspect --type image "localhost/$base" >/dev/null 2>&1
}
if ! base_is_made; then
    rm -f "$made"
    logged "base $base" bash "$here/base.sh" "localhost/$base" "$work/base"
    echo "$recipe" >"$made"
fi

mapfile -t options < <(python3 "$here/pip_settings.py" "$work")
((${#options[@]})) || fail "pip's settings could not be read"
# The pull policy makes sure of the promise above: the base is ours or the build fails. Docker's own
# format, because OCI's has no health check.
logged "build on $driver" "${buildah[@]}" build --layers="$layers" --pull-never \
    --isolation chroot --network host --format docker "${options[@]}" --file "$work/Dockerfile" --tag "$image" "$root"

layout=$work/layout
rm -rf "$layout"
logged "lay the image out" "${buildah[@]}" push --disable-compression "$image" "dir:$layout"
log=/dev/null
facts() { python3 "$here/facts.py" "$layout" "$1"; }
user=$(facts user)
folder=$(facts folder)
mapfile -t environment < <(facts environment)
mapfile -t start < <(facts start)
mapfile -t health < <(facts health)
((${#environment[@]} && ${#start[@]} && ${#health[@]})) ||
    fail "the image says how it is started and asked, without a shell"

declared=$(sed -nE 's/^version = "(.*)"$/\1/p' "$root/pyproject.toml")
labelled=$(facts version)
[[ $labelled == "$declared" ]] || fail "the label's version is pyproject.toml's: $labelled, $declared"
ok "the label's version is pyproject.toml's: $declared"
known='^(PATH|LANG|GPG_KEY|PYTHON[A-Z0-9_]*|XDG_DATA_HOME|MOCK_CLOVER_[A-Z_]+)='
if outsiders=$(printf '%s\n' "${environment[@]}" | grep -vE "$known"); then
    fail "the builder's variables stay in the builder: $outsiders"
fi
ok "the image's variables are the base's and ours, none of the builder's"
weights=$(facts layers 2>&1) || fail "$weights"
ok "our layers add /opt/mock-clover and an empty /var/lib/mock-clover, and nothing else"
echo "$weights"

# ---- run --------------------------------------------------------------------------------------------
container=$("${buildah[@]}" from --pull-never "$image")
tree=$("${buildah[@]}" mount "$container")
installers='pip|setuptools|wheel|pkg_resources|ensurepip|(pip|setuptools|wheel)-[^/]*(info|whl)|pip[0-9.]*'
left=$(find "$tree" -xdev -regextype posix-extended -regex ".*/($installers)")
[[ -z $left ]] || fail "nothing in the image installs packages: $left"
ok "nothing in the image installs packages: no pip, setuptools or wheel"
log=$work/run.log
: >"$log"

contain=(unshare --mount --pid --net --ipc --uts --fork
    bash "$here/contain.sh" "$tree" "$user" "$folder" HOME=/ "${environment[@]}" --)
inside() { # a further process in the running container, as `docker exec` starts one
    timeout 10 nsenter --target "$server" --mount --pid --net --ipc --uts --root \
        --setuid "${user%%:*}" --setgid "${user##*:}" \
        /usr/bin/env --ignore-environment --chdir="$folder" HOME=/ "${environment[@]}" "$@" 9>&-
}
outside() { # from outside of the image's files, over the container's loopback
    nsenter --target "$server" --net curl --noproxy '*' --silent --show-error --max-time 5 "$@" 9>&-
}

"${contain[@]}" true >>"$log" 2>&1 9>&- || fail "a container can be made here"
status=0
"${contain[@]}" "${health[@]}" >>"$log" 2>&1 9>&- || status=$?
((status == 1)) || fail "without a server the health check says 1: $status"
ok "without a server the health check says not ready (exit 1)"

begun=$EPOCHREALTIME
begin() { # begin COMMAND…: what starts the container, until it is ready
    "$@" >>"$log" 2>&1 </dev/null 9>&- &
    parent=$!
    for ((tries = 0; ; tries++)); do
        kill -0 "$parent" 2>/dev/null || fail "the server stays up"
        server=$(pgrep --parent "$parent") && inside "${health[@]}" >>"$log" 2>&1 && break
        ((tries < 100)) || fail "the server is ready within ten seconds"
        sleep 0.1
    done
}
begin "${contain[@]}" "${start[@]}"
ready_ms=$(elapsed_ms "$begun")
ok "with a read-only root it becomes ready: the health check exits 0 ($ready_ms ms)"

field() { awk -v name="$1:" '$1 == name { print $2, $NF }' "/proc/$server/status"; }
read -r uid _ <<<"$(field Uid)"
[[ $uid != 0 && $uid == "${user%%:*}" ]] ||
    fail "it runs as the image's numeric user: uid $uid, and the image says $user"
[[ $(field CapEff) =~ ^0+\  ]] || fail "the server has no capability: $(field CapEff)"
ok "it runs as uid $uid without any capability"
first=$(readlink "/proc/$server/exe")
[[ $(field NSpid) == *" 1" && $first == */python3* ]] ||
    fail "the server is PID 1 itself, and not $first"
ok "it is PID 1 itself, with no shell in between"

# /tmp is open to every user, so it is the mount alone that refuses.
for place in /tmp/x /opt/mock-clover/x; do
    if refusal=$(inside sh -c "echo x > $place" 2>&1); then fail "$place cannot be written"; fi
    [[ $refusal == *[Rr]ead-only* ]] || fail "$place is refused because the root is read-only: $refusal"
done
ok "the root is read-only: $refusal"

# The whole of 127/8 is loopback; a server that listens to 127.0.0.1 alone would not answer here.
code=$(outside --output /dev/null --write-out '%{http_code}' "http://127.0.0.2:$port/") ||
    fail "it listens to all addresses of its container"
ok "it listens to all addresses of its container (127.0.0.2 answers $code)"

# ---- a decline comes out ----------------------------------------------------------------------------
url=http://127.0.0.1:$port
variables=$(inside mock-clover env --url "$url" --format dotenv 2>>"$log") ||
    fail "mock-clover env answers inside"
variable() { sed -nE "s/^(export )?$1=['\"]?([^'\"]*)['\"]?\$/\2/p" <<<"$variables"; }
json='content-type: application/json'
reply=$(outside "$url/v1/tokens" --header "$json" \
    --header "apikey: $(variable CLOVER_API_KEY)" \
    --data '{"card":{"number":"4005571702222222","exp_month":"12","exp_year":"2030","cvv":"123"}}')
token=$(grep -oE 'clv_[A-Za-z0-9]+' <<<"$reply" | head -n 1) || fail "a card gives a token: $reply"
reply=$(outside "$url/v1/charges" --header "$json" \
    --header "authorization: Bearer $(variable CLOVER_ACCESS_TOKEN)" \
    --data '{"amount":1800,"currency":"usd","source":"'"$token"'"}' --write-out '\n%{http_code}')
[[ ${reply##*$'\n'} == 402 ]] || fail "the charge is answered by 402: $reply"
grep -qE '"code": ?"card_declined"' <<<"$reply" || fail "the charge's code is card_declined: $reply"
ok "a decline comes out: 402 ${reply%$'\n'*}"

# ---- and it goes when it is told ---------------------------------------------------------------------
# A client with an idle connection is the usual state of things, and what a graceful stop waits for.
nsenter --target "$server" --net bash -c "exec 3<>/dev/tcp/127.0.0.1/$port
    printf 'GET / HTTP/1.1\r\nhost: x\r\n\r\n' >&3
    read -r line <&3; echo \"\$line\"; exec sleep 5" >"$work/tmp/idle" 2>>"$log" 9>&- &
idle=$!
for ((tries = 0; tries < 100; tries++)); do
    [[ ! -s $work/tmp/idle ]] || break
    sleep 0.02
done
[[ -s $work/tmp/idle ]] || fail "a second client is answered"
told=$EPOCHREALTIME
kill -TERM "$server"
while kill -0 "$server" 2>/dev/null; do
    (($(elapsed_ms "$told") < 5000)) || fail "SIGTERM ends it: still there after 5 seconds"
    sleep 0.01
done
took_ms=$(elapsed_ms "$told")
status=0
wait "$parent" || status=$?
server=''
kill "$idle" 2>/dev/null || true
((took_ms < 1000)) || fail "SIGTERM ends it within one second: $took_ms ms"
((status == 0)) || fail "SIGTERM ends it cleanly: exit $status"
ok "SIGTERM ends it in $took_ms ms with exit 0, an idle client notwithstanding"

# ---- HTTPS: a volume keeps its authority; without one it is in memory ----------------------------------
volume=$work/tmp/volume
mkdir "$volume"
chown --reference "$tree/var/lib/mock-clover" "$volume" # as an engine makes one for a folder of the image
last=$((${#contain[@]} - 1))
by_tls=("${contain[@]:0:last}" MOCK_CLOVER_TLS=1 MOCK_CLOVER_TLS_PORT=443 -- "${start[@]}")
name=scl.clover.com
stop() {
    kill -TERM "$server"
    wait "$parent" || fail "with HTTPS it ends cleanly too"
    server=''
}
seen=()
for round in 1 2; do
    log=$work/tls-$round.log
    : >"$log"
    begin env VOLUME="$volume" "${by_tls[@]}"
    reply=$(outside --cacert "$volume/ca.pem" --resolve "$name:443:127.0.0.1" "https://$name/livez") ||
        fail "it answers by Clover's name on port 443, trusted by the volume's certificate: $reply"
    seen+=("$(sha256sum <"$volume/ca.pem")")
    stop
done
[[ ${seen[0]} == "${seen[1]}" ]] || fail "the authority outlives the container"
rights=$(cd "$volume" && stat --format '%a %u %n' ca.pem private private/authority.pem | tr '\n' ',')
[[ $rights == "644 $uid ca.pem,700 $uid private,600 $uid private/authority.pem," ]] ||
    fail "the key is for the server's user only: $rights"
ok "by HTTPS it answers as $name on port 443; its authority outlives it in a volume: $rights"
log=$work/tls-memory.log
: >"$log"
begin "${by_tls[@]}"
outside --insecure "https://127.0.0.1/livez" >>"$log" || fail "it speaks HTTPS without a volume too"
said=$(grep -F 'the authority is in memory only' "$log") || fail "it says that nothing is kept"
stop
ok "without a volume: ${said#mock-clover: }"

echo "all true of $image in $(($(elapsed_ms "$started") / 1000)) s"
