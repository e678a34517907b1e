#!/usr/bin/env bash
# Be the container: `contain.sh ROOT UID:GID FOLDER NAME=VALUE… -- COMMAND…`, in namespaces of its own.
#
# run.sh calls it under `unshare --mount --pid --net --ipc --uts --fork`: so this process is PID 1, the
# network has loopback only and no other port of the machine can be in the way, and every mount ends
# with the last process. It does what `docker run --read-only --cap-drop ALL` does, and the command
# replaces it, so a signal to PID 1 reaches the command itself.
set -euo pipefail

root=$1 user=$2 folder=$3
shift 3

ip link set lo up

mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
# The few devices that a container has; no shm, no writable /dev: stricter than any engine.
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in null zero full random urandom; do
    touch "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
mount -o remount,ro "$root/dev"
# A volume, if one is named, is where the image keeps what shall outlive the container.
[[ -z ${VOLUME:-} ]] || mount --bind "$VOLUME" "$root/var/lib/mock-clover"
mount -o remount,bind,ro "$root"
# As Docker has it: a container's ports are its own, the low ones too.
echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start

variables=()
while [[ $1 != -- ]]; do
    variables+=("$1")
    shift
done
shift
exec setpriv --no-new-privs \
    chroot --userspec="$user" --groups= "$root" \
    /usr/bin/env --ignore-environment --chdir="$folder" "${variables[@]}" "$@"
