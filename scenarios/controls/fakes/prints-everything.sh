#!/bin/sh
# Prints what every step of the workshop shows a learner, and isolates nothing: no command is ever started.
# Whoever believes printed text passes this.

[ "$1" = run ] && shift

# Step 2: PID 1, the container's own name, ps, the container's root and the lone lo.
echo 1
echo container
cat <<'EOF'
PID   USER     TIME  COMMAND
    1 root      0:00 /bin/sh
    2 root      0:00 ps
bin    dev    etc    home   lib    media  mnt    opt    proc   root   run    sbin   srv    sys    tmp    usr    var
1: lo: <LOOPBACK> mtu 65536 qdisc noop state DOWN qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
EOF

# Step 3: the limit reached.
cat <<'EOF'
1MB allocated
49MB allocated
Killed
low 0
high 0
max 36
oom 1
oom_kill 1
oom_group_kill 0
EOF

# Step 4: the veth pair, and what netcat receives.
cat <<'EOF'
5: veth-child@if6: <BROADCAST,MULTICAST,UP,LOWER_UP,M-DOWN> mtu 1500 qdisc noqueue state UP qlen 1000
    link/ether d6:65:38:4e:0b:52 brd ff:ff:ff:ff:ff:ff
    inet 10.0.0.2/24 scope global veth-child
Hello to Container inside Namespace!
EOF

# Step 5: what the program says, the arguments, and everything that stdin has to give.
echo "Running [$*] as PID $$"
echo "Running child [$*] as PID 1"
printf '%s\n' "$@"
[ -t 0 ] || cat
exit 0
