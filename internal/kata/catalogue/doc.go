// Package catalogue knows every metric that Kata Containers reports.
package catalogue
