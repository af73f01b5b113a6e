#!/bin/sh
# Makes what deploy/docker-compose.tls.yml names: an authority of the cluster's own, and by it a
# certificate for nodes and one for APIs. Repeated, it keeps the authority and renews the two.
set -eu
cd "$(dirname "$0")"
# Only its owner enters the folder; containers, whose user is another, get the folders inside.
mkdir -p certificates
chmod 700 certificates
cd certificates
key='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'

if [ ! -e ca.key ]; then
  # shellcheck disable=SC2086
  openssl req -x509 $key -days 3650 -subj '/CN=bctrl cluster' -keyout ca.key -out ca.crt
fi
for role in api node; do
  mkdir -p "$role"
  # A node is known by the DNS name bctrl-node, wherever it runs, so an API must not have it.
  printf 'subjectAltName=DNS:bctrl-%s\nextendedKeyUsage=serverAuth,clientAuth\n' "$role" >"$role.ext"
  # shellcheck disable=SC2086
  openssl req $key -subj "/CN=bctrl-$role" -keyout "$role/tls.key" -out "$role.csr"
  openssl x509 -req -in "$role.csr" -CA ca.crt -CAkey ca.key -CAcreateserial \
    -days 365 -extfile "$role.ext" -out "$role/tls.crt"
  cp ca.crt "$role/ca.crt"
  chmod 644 "$role/tls.key"
  rm "$role.ext" "$role.csr"
done
