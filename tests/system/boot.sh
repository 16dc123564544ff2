#!/bin/sh
# Becomes the first process of a machine (machine.py): in namespaces of its own, lays what FOLDER has over the
# installed system BASE, mounts what a kernel gives an init, and runs systemd there.  boot.sh BASE FOLDER
set -eu
cd "$2"
mount -t overlay -o "lowerdir=$1,upperdir=changed,workdir=work" overlay merged
cd merged

mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=755 tmpfs dev
for device in null zero full random urandom tty; do cp -a "/dev/$device" dev/; done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
mount -t tmpfs -o mode=1777 tmpfs dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd

# Not chroot: units want to change the root themselves. Shared, or their credentials do not arrive.
mkdir -p .host
pivot_root . .host
mount --make-rshared /
umount -l /.host
rmdir /.host
exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system --show-status=no
