// Package inventory observes: it collects every IAM user of an account and
// every access key, with how fresh each fact is. It reads AWS through awsapi
// alone, changes nothing there, and judges nothing: what could not be read
// stays unknown and is listed, never guessed.
package inventory
