package secret

// Store is the service that keeps a secret.
type Store uint8

const (
	// ParameterStore is the Parameter Store of AWS Systems Manager.
	ParameterStore Store = iota
	// SecretsManager is AWS Secrets Manager.
	SecretsManager
)

// String returns the store as in ARNs and sealed documents: "ssm" or "secretsmanager".
func (s Store) String() string {
	if s == SecretsManager {
		return "secretsmanager"
	}
	return "ssm"
}
