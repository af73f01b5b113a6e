# The first process inside a jail. It opens sockets in the jail's own network and hands them to the
# service, which has no other way in or out: no byte of a connection passes through here.
#
#   perl porter.pl SENDMSG PRCTL PORT,… COMMAND ARGUMENT…
#
# SENDMSG and PRCTL are the numbers of these system calls on this architecture. The porter listens
# on loopback at every PORT and hands the listening sockets over, then starts COMMAND. After that it
# answers each line `"connect PORT"` with a connection to that port. It speaks what Node's
# `child_process` speaks over its IPC channel (a line of JSON, sockets beside it). It ends with
# COMMAND, at the line `"end"`, or when the channel closes; the kernel then ends every other process
# in the jail.
#
# It loads no module: perl alone starts in 3 ms, with `Socket`, `strict` and `warnings` in 18.

my $BACKLOG = 511;
# https://man7.org/linux/man-pages/man7/ip.7.html
my ($AF_INET, $SOCK_STREAM, $SOL_SOCKET) = (2, 1, 1);
# https://man7.org/linux/man-pages/man7/unix.7.html, man2/waitpid.2.html, man3/errno.3.html
my $SCM_RIGHTS = 1;
my $WNOHANG = 1;
my $EINTR = 4;

my ($sendmsg, $prctl, $ports, @command) = @ARGV;

# Programs inside have the same user. They must not trace this process or open its files, because
# the channel leads to the service.
# https://man7.org/linux/man-pages/man2/PR_SET_DUMPABLE.2const.html
syscall($prctl + 0, 4, 0, 0, 0, 0) == 0 or die "this process can be traced: $!\n";

# The descriptors that the command inherits stay open.
$^F = 1023;
open(my $channel, '+<&=', delete $ENV{NODE_CHANNEL_FD}) or die "no channel: $!\n";
delete $ENV{NODE_CHANNEL_SERIALIZATION_MODE};

sub address {
    return pack('S n C4 x8', $AF_INET, @_);
}

sub open_tcp {
    socket(my $socket, $AF_INET, $SOCK_STREAM, 0) or die "no socket: $!\n";
    return $socket;
}

sub hand_over {
    my ($socket, $type, $name) = @_;
    my $line = qq({"cmd":"NODE_HANDLE","type":"$type","msg":"$name"}\n);
    my $vector = pack('P Q', $line, length $line);
    my $rights = pack('Q i i i x4', 20, $SOL_SOCKET, $SCM_RIGHTS, fileno $socket);
    my $message = pack('Q I x4 P Q P Q i x4', 0, 0, $vector, 1, $rights, length $rights, 0);
    syscall($sendmsg + 0, fileno($channel), $message, 0) == length $line or die "not handed over: $!\n";
}

for my $port (split /,/, $ports) {
    my $socket = open_tcp();
    # This network is loopback and nothing else; all of 127.0.0.0/8 belongs to it.
    bind($socket, address($port, 0, 0, 0, 0)) or die "port $port: $!\n";
    listen($socket, $BACKLOG) or die "port $port: $!\n";
    hand_over($socket, 'net.Server', $port);
}

my $child = fork // die "no process: $!\n";
if ($child == 0) {
    close $channel;
    exec { $command[0] } @command or die "$command[0] cannot be started: $!\n";
}

# The first process also becomes the parent of every process that loses its own.
$SIG{CHLD} = sub {
    while ((my $pid = waitpid(-1, $WNOHANG)) > 0) {
        exit($? & 127 ? 128 + ($? & 127) : $? >> 8) if $pid == $child;
    }
};
# The command may have ended before the handler was set.
$SIG{CHLD}->();

my $said = '';
while (1) {
    my $read = sysread($channel, $said, 4096, length $said);
    next if !defined $read && $! == $EINTR;
    exit 1 if !$read;
    while ($said =~ s/^(.*)\n//) {
        exit 1 if $1 eq '"end"';
        my ($port) = $1 =~ /^"connect (\d{1,5})"$/ or next;
        my $socket = open_tcp();
        if (connect($socket, address($port, 127, 0, 0, 1))) {
            hand_over($socket, 'net.Socket', 'connected');
        }
        else {
            syswrite $channel, qq("refused"\n);
        }
    }
}
