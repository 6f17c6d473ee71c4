package policy

// Prune is the policy of a role that deletes old versions of the layers. It allows finding out which versions are in use, which
// takes the list of all functions with their environment variables, and deleting versions of these layers alone.
func (s Setting) Prune() Document {
	versions, parameters := s.layerVersions(), s.layerParameters()
	history := Statement{Sid: "DenyHistoryElsewhere", Effect: deny, Action: List{"ssm:GetParameterHistory"}, NotResource: parameters}
	if len(parameters) == 0 {
		history.Resource = List{"*"}
	}
	return newDocument(s.prune(), []Statement{
		{Sid: "DenyDeletionElsewhere", Effect: deny, Action: List{"lambda:DeleteLayerVersion"}, NotResource: versions},
		{Sid: "DenyOtherReads", Effect: deny, Action: List{"ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"}, Resource: List{"*"}},
		history,
		s.denyValues(),
	})
}

// PruneSession is the session policy of a run that deletes versions of layers. It reports false if no such policy is short
// enough.
func (s Setting) PruneSession() (Document, bool) {
	d := newDocument(s.prune())
	return d, d.length() <= MaxSession
}

func (s Setting) prune() []Statement {
	statements := []Statement{
		{Sid: "ListFunctions", Effect: allow, Action: List{"lambda:ListFunctions"}, Resource: List{"*"}},                           // Lambda knows no other resource for it
		{Sid: "ReadPublished", Effect: allow, Action: List{"lambda:GetFunctionConfiguration"}, Resource: List{s.functionARN("*")}}, // of Managed Instances
		{Sid: "FindLayer", Effect: allow, Action: List{"lambda:ListLayerVersions"}, Resource: s.layers()},
		{Sid: "PruneLayer", Effect: allow, Action: List{"lambda:GetLayerVersionPolicy", "lambda:DeleteLayerVersion"}, Resource: s.layerVersions()},
	}
	if parameters := s.layerParameters(); len(parameters) > 0 {
		statements = append(statements, Statement{Sid: "ReadLayerARNs", Effect: allow, Action: List{"ssm:GetParameterHistory"}, Resource: parameters})
	}
	return statements
}

// layerVersions returns patterns for all versions of the layers.
func (s Setting) layerVersions() List {
	var all List
	for _, layer := range s.layers() {
		all = append(all, layer+":*")
	}
	return all
}
