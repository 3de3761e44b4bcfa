// Package conformance holds the simulated AWS to others' knowledge of AWS:
// Debian's awscli and python3-boto3 drive it over a socket, and every answer
// is checked against the API models (service-2.json) that Debian's
// python3-botocore ships. It has tests only, which are skipped, saying what is
// missing, where those programs are not installed.
package conformance
