#!/usr/bin/env bash
# certificates.sh DIR: the certificates of a secured broker and of its clients, in DIR.
#
#   ca.pem            who signed the broker's and the client's      other-ca.pem      somebody else
#   broker.pem        the broker's key and certificate, for the IP address 127.0.0.1 and no host name
#   client.pem        a client's certificate                        stranger.pem      signed by somebody else
#   client.key        its key, with the password `client-secret`    stranger.key      its key
set -euo pipefail
cd "$1"

# authority NAME: a certificate that signs others.
authority() {
  openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=$1" -keyout "$1.key" -out "$1.pem" 2>/dev/null
}

# signed NAME AUTHORITY EXTENSION: a key and its certificate.
signed() {
  openssl req -newkey rsa:2048 -nodes -subj "/CN=$1" -keyout "$1.key" -out "$1.csr" 2>/dev/null
  openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -CAcreateserial -days 30 \
    -extfile <(printf '%s\n' "$3") -out "$1.pem" 2>/dev/null
}

authority ca
authority other-ca
signed broker ca subjectAltName=IP:127.0.0.1
signed client ca extendedKeyUsage=clientAuth
signed stranger other-ca extendedKeyUsage=clientAuth
cat broker.key >>broker.pem
openssl pkcs8 -topk8 -in client.key -passout pass:client-secret -out client.locked
mv client.locked client.key
rm -f ./*.csr ./*.srl ca.key other-ca.key broker.key
