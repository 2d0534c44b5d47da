#!/usr/bin/env bash
# A real Apache Kafka (KRaft mode, one node) on 127.0.0.1 without docker, for trying, tests and
# benchmarks.
#
#   infra/local/kafka.sh fetch
#       downloads what a start needs; a start does that, too
#   infra/local/kafka.sh start [--dir DIR] [--port 9092] [--tls] [--sasl]
#       prints the bootstrap address; starting twice is harmless. With --sasl there is a listener
#       with passwords, too, on port + 200 (PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512; user test,
#       password test-secret); with --tls one on port + 300 that asks for a certificate, and one on
#       port + 500 whose certificate is for another name; with both one on port + 400 with passwords
#       over TLS. DIR/tls holds the certificates: ca.pem signed them all but stranger.pem
#   infra/local/kafka.sh stop [--dir DIR] [--hard]
#       --hard is kill -9; the data stays, another start goes on with it
#   infra/local/kafka.sh wipe [--dir DIR]
#       stop, and delete the data
#   infra/local/kafka.sh tool CLASS ARGUMENTS…
#       a tool of Kafka's, for example TopicCommand or consumer.group.ConsumerGroupCommand
#
# Needs Java 17 or newer, and Maven for the first start: it fetches the jars (45 MB) into
# ~/.cache/stock-market-pipeline. Port + 100 is the controller's. Not for production: one node, no
# password unless asked for, replication factor 1, no fsync. Only a process that was started over
# DIR is ever signalled.
set -euo pipefail

version=4.3.1
cache=${XDG_CACHE_HOME:-$HOME/.cache}/stock-market-pipeline
jars=$cache/kafka-$version
directory=$cache/kafka-data
marker=.made-by-kafka.sh
port=9092
hard=no
tls=no
sasl=no

fail() { echo "kafka.sh: $*" >&2; exit 1; }
usage() { sed -n '2,24s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2; }

command=${1:-}
shift || true
while [ "$command" != tool ] && [ $# -gt 0 ]; do
  case $1 in
    --dir) directory=${2:?--dir needs a directory}; shift 2 ;;
    --port) port=${2:?--port needs a number}; shift 2 ;;
    --hard) hard=yes; shift ;;
    --tls) tls=yes; shift ;;
    --sasl) sasl=yes; shift ;;
    *) echo "kafka.sh: unknown argument $1" >&2; usage ;;
  esac
done
[[ $port =~ ^[0-9]{4,5}$ && $port -le 65000 ]] || fail "--port $port is not a port between 1000 and 65000"
[[ $directory = /* ]] || directory=$PWD/$directory
case $directory in *[[:space:],]*) fail "Kafka takes no blanks and commas in a path: $directory" ;; esac

need_java() {
  local found
  found=$(java -XshowSettings:properties -version 2>&1 | sed -n 's/.*java\.specification\.version = //p') || true
  [ "${found%%.*}" -ge 17 ] 2>/dev/null \
    || fail "Java 17 or newer is needed, found '${found:-none}': sudo apt-get install openjdk-17-jre-headless"
}

fetch_jars() {
  [ -d "$jars" ] && return
  command -v mvn >/dev/null || fail "Maven is needed to fetch Kafka: sudo apt-get install maven"
  mkdir -p "$cache"
  # The lock ends with this subshell; the second of two first starts finds the jars.
  ( flock 9; [ -d "$jars" ] || download_jars ) 9>"$cache/kafka.lock"
}

# The server and its tools with all they need. `connect-runtime` is left out: nothing here uses it.
download_jars() {
  echo "kafka.sh: fetching Apache Kafka $version (45 MB), once" >&2
  local work=$jars.part
  rm -rf "$work"
  mkdir -p "$work"
  cat >"$work/pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId> <artifactId>kafka</artifactId> <version>1</version> <packaging>pom</packaging>
  <dependencies>
    <dependency> <groupId>org.apache.kafka</groupId> <artifactId>kafka_2.13</artifactId> <version>$version</version> </dependency>
    <dependency> <groupId>org.apache.kafka</groupId> <artifactId>kafka-tools</artifactId> <version>$version</version>
      <exclusions> <exclusion> <groupId>org.apache.kafka</groupId> <artifactId>connect-runtime</artifactId> </exclusion> </exclusions>
    </dependency>
    <dependency> <groupId>org.apache.logging.log4j</groupId> <artifactId>log4j-slf4j-impl</artifactId> <version>2.25.4</version> </dependency>
  </dependencies>
</project>
POM
  mvn --quiet --batch-mode --file "$work/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
    -DincludeScope=runtime "-DoutputDirectory=$work/lib" >"$work/maven.log" 2>&1 \
    || fail "Maven could not fetch Apache Kafka $version: $(grep -m 1 ERROR "$work/maven.log")"
  mv "$work/lib" "$jars"
  rm -rf "$work"
}

# The compiler's first stage only: the start costs half of the CPU.
kafka_java() { java -XX:TieredStopAtLevel=1 "-Dlog4j2.configurationFile=$directory/log4j2.properties" -cp "$jars/*" "$@"; }

# The process id when the node over this directory is running.
running() {
  local id
  id=$(cat "$directory/pid" 2>/dev/null) || return 1
  tr '\0' '\n' <"/proc/$id/cmdline" 2>/dev/null | grep -qxF "$directory/server.properties" && echo "$id"
}

# The listeners that clients see. The order matters: `start` recognises the first.
listeners() {
  local of="PLAINTEXT://127.0.0.1:$port"
  [ $sasl = no ] || of+=",PASSWORD://127.0.0.1:$((port + 200))"
  [ $tls = no ] || of+=",CERTIFICATE://127.0.0.1:$((port + 300)),MISNAMED://127.0.0.1:$((port + 500))"
  [ $sasl$tls != yesyes ] || of+=",PASSWORDTLS://127.0.0.1:$((port + 400))"
  echo "$of"
}

# certificate NAME CA DAYS [SUBJECT-ALT-NAME]: NAME.pem and its key NAME.key.
certificate() {
  openssl req -newkey rsa:2048 -nodes -subj "/CN=$1" -keyout "$1.key" -out "$1.csr"
  openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -CAcreateserial -days "$3" -out "$1.pem" \
    -extfile <(printf 'basicConstraints=CA:FALSE\n%s\n' "${4:+subjectAltName=$4}")
}

# A CA, certificates for brokers and clients, and those that must be refused.
make_certificates() {
  [ -e "$directory/tls/made" ] && return
  command -v openssl >/dev/null || fail "openssl is needed for --tls: sudo apt-get install openssl"
  mkdir -p "$directory/tls"
  ( cd "$directory/tls"
    local authority
    for authority in ca stranger-ca; do
      openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj "/CN=$authority of a test" -keyout $authority.key -out $authority.pem
    done
    certificate broker ca 3650 DNS:localhost,IP:127.0.0.1
    certificate misnamed ca 3650 DNS:broker.example
    certificate client ca 3650
    certificate expired ca -1
    certificate stranger stranger-ca 3650
    openssl pkcs8 -topk8 -in client.key -passout pass:key-secret -out client-locked.key
    # Kafka wants the key and the chain in one file.
    local name
    for name in broker misnamed; do cat $name.key $name.pem ca.pem >$name-store.pem; done
    : >made
  ) >"$directory/openssl.log" 2>&1 || fail "the certificates could not be made: $(tail -n 3 "$directory/openssl.log")"
}

# The part of the settings that --tls and --sasl add.
secure_settings() {
  local listener mechanism module=org.apache.kafka.common.security
  if [ $tls = yes ]; then
    printf '%s\n' ssl.keystore.type=PEM "ssl.keystore.location=$directory/tls/broker-store.pem" \
      ssl.truststore.type=PEM "ssl.truststore.location=$directory/tls/ca.pem" \
      listener.name.certificate.ssl.client.auth=required listener.name.misnamed.ssl.keystore.type=PEM \
      "listener.name.misnamed.ssl.keystore.location=$directory/tls/misnamed-store.pem"
  fi
  [ $sasl = yes ] || return 0
  echo sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
  for listener in password passwordtls; do
    echo "listener.name.$listener.plain.sasl.jaas.config=$module.plain.PlainLoginModule required user_test=\"test-secret\";"
    for mechanism in 256 512; do
      echo "listener.name.$listener.scram-sha-$mechanism.sasl.jaas.config=$module.scram.ScramLoginModule required;"
    done
  done
}

write_settings() {
  mark
  mkdir -p "$directory"
  [ $tls = no ] || make_certificates
  cat >"$directory/server.properties" <<PROPERTIES
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$((port + 100))
controller.listener.names=CONTROLLER
listeners=$(listeners),CONTROLLER://127.0.0.1:$((port + 100))
advertised.listeners=$(listeners)
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,PASSWORD:SASL_PLAINTEXT,CERTIFICATE:SSL,MISNAMED:SSL,PASSWORDTLS:SASL_SSL
$(secure_settings)
log.dirs=$directory/data
# One node cannot hold more than one copy.
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
offsets.topic.num.partitions=4
transaction.state.log.num.partitions=4
share.coordinator.state.topic.num.partitions=1
# A topic that nobody made is a mistake to be told, not to be hidden.
auto.create.topics.enable=false
# What a test waits for: the first member of a group, a crashed member, a killed broker's return,
# retention and compaction.
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
broker.session.timeout.ms=5000
broker.heartbeat.interval.ms=500
log.retention.check.interval.ms=1000
log.initial.task.delay.ms=1000
log.cleaner.backoff.ms=1000
PROPERTIES
  cat >"$directory/log4j2.properties" <<'PROPERTIES'
rootLogger.level=${sys:kafka.log.level:-INFO}
rootLogger.appenderRef.console.ref=Console
appender.console.type=Console
appender.console.name=Console
appender.console.target=SYSTEM_ERR
appender.console.layout.type=PatternLayout
appender.console.layout.pattern=%d{ISO8601} %p %m (%c{1})%n
PROPERTIES
}

# Marks a folder that this script makes, or finds empty: wipe deletes no other.
mark() {
  [ -z "$(ls -A "$directory" 2>/dev/null)" ] || return 0
  mkdir -p "$directory"
  : >"$directory/$marker"
}

start() {
  local id
  if id=$(running); then
    grep -qxF "advertised.listeners=$(listeners)" "$directory/server.properties" \
      || fail "process $id already runs over $directory on another port, or with other listeners: stop it first"
    echo "127.0.0.1:$port"
    return
  fi
  need_java
  fetch_jars
  local taken
  for taken in "$port" $((port + 100)); do
    (exec 3<>"/dev/tcp/127.0.0.1/$taken") 2>/dev/null && fail "port $taken is in use: choose another --port"
  done
  write_settings
  if [ ! -s "$directory/data/meta.properties" ]; then
    local cluster
    cluster=$(head -c 16 /dev/urandom | base64 | tr '+/' 'AB' | cut -c1-22)
    kafka_java -Dkafka.log.level=WARN kafka.tools.StorageTool format -t "$cluster" -c "$directory/server.properties" \
      --add-scram "SCRAM-SHA-256=[name=test,password=test-secret]" --add-scram "SCRAM-SHA-512=[name=test,password=test-secret]" >"$directory/format.log" 2>&1 \
      || fail "the data directory could not be made: $(tail -n 3 "$directory/format.log")"
  fi
  java "-Xmx${KAFKA_HEAP:-512m}" -XX:TieredStopAtLevel=1 "-Dlog4j2.configurationFile=$directory/log4j2.properties" -cp "$jars/*" \
    kafka.Kafka "$directory/server.properties" >"$directory/server.log" 2>&1 </dev/null &
  id=$!
  disown
  echo "$id" >"$directory/pid"
  for _ in $(seq 600); do
    grep -q 'Kafka Server started' "$directory/server.log" && { echo "127.0.0.1:$port"; return; }
    kill -0 "$id" 2>/dev/null || break
    sleep 0.1
  done
  tail -n 20 "$directory/server.log" >&2
  kill -9 "$id" 2>/dev/null || true
  fail "Kafka did not start within 60 s: see $directory/server.log"
}

stop() {
  local id
  id=$(running) || return 0
  if [ "$hard" = yes ]; then kill -9 "$id"; else kill "$id"; fi
  for _ in $(seq 200); do
    kill -0 "$id" 2>/dev/null || { rm -f "$directory/pid"; return; }
    sleep 0.1
  done
  echo "kafka.sh: process $id did not end in 20 s, now by kill -9" >&2
  kill -9 "$id"
  rm -f "$directory/pid"
}

case $command in
  fetch) need_java; fetch_jars ;;
  start) start ;;
  stop) stop ;;
  wipe)
    [ ! -e "$directory" ] || [ -e "$directory/$marker" ] \
      || fail "$directory was not made by this script (it has no $marker): delete it by hand if it can go"
    stop
    rm -rf "$directory"
    ;;
  tool)
    [ $# -gt 0 ] || usage
    need_java
    fetch_jars
    class=$1
    shift
    exec java -XX:TieredStopAtLevel=1 -Dlog4j2.level=WARN -cp "$jars/*" "org.apache.kafka.tools.$class" "$@"
    ;;
  *) usage ;;
esac
