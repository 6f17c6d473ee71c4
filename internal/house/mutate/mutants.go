package main

import (
	"cmp"
	"go/ast"
	"go/token"
	"slices"
)

// A mutant is one fault in a file: New replaces Old.
type mutant struct {
	At       token.Position
	Old, New string
}

// swaps has the replacements of an operator, one fault each.
var swaps = map[token.Token][]token.Token{
	token.LSS: {token.LEQ, token.GEQ}, token.LEQ: {token.LSS, token.GTR}, token.GTR: {token.GEQ, token.LEQ}, token.GEQ: {token.GTR, token.LSS},
	token.EQL: {token.NEQ}, token.NEQ: {token.EQL}, token.LAND: {token.LOR}, token.LOR: {token.LAND},
	token.ADD: {token.SUB}, token.SUB: {token.ADD}, token.MUL: {token.QUO}, token.QUO: {token.MUL}, token.REM: {token.MUL},
	token.AND: {token.OR}, token.OR: {token.AND}, token.XOR: {token.AND}, token.AND_NOT: {token.AND}, token.SHL: {token.SHR}, token.SHR: {token.SHL},
	token.INC: {token.DEC}, token.DEC: {token.INC}, token.BREAK: {token.CONTINUE}, token.CONTINUE: {token.BREAK},
	token.ADD_ASSIGN: {token.ASSIGN, token.SUB_ASSIGN}, token.SUB_ASSIGN: {token.ASSIGN, token.ADD_ASSIGN},
	token.MUL_ASSIGN: {token.ASSIGN}, token.QUO_ASSIGN: {token.ASSIGN}, token.REM_ASSIGN: {token.ASSIGN},
	token.AND_ASSIGN: {token.ASSIGN, token.OR_ASSIGN}, token.OR_ASSIGN: {token.ASSIGN, token.AND_ASSIGN}, token.XOR_ASSIGN: {token.ASSIGN},
}

// mutants returns the faults for a file, in the order of the text. Some of them do
// not compile.
func mutants(files *token.FileSet, file *ast.File) []mutant {
	var all []mutant
	put := func(at token.Pos, old, with string) {
		all = append(all, mutant{files.Position(at), old, with})
	}
	swap := func(at token.Pos, op token.Token) {
		for _, with := range swaps[op] {
			put(at, op.String(), with.String())
		}
	}
	negate := func(conditions ...ast.Expr) {
		for _, c := range conditions {
			switch c.(type) {
			case *ast.Ident, *ast.CallExpr, *ast.SelectorExpr, *ast.IndexExpr:
				put(c.Pos(), "", "!")
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BinaryExpr:
			swap(n.OpPos, n.Op)
			if n.Op == token.LAND || n.Op == token.LOR {
				negate(n.X, n.Y)
			}
		case *ast.UnaryExpr:
			if n.Op == token.NOT || n.Op == token.SUB {
				put(n.OpPos, n.Op.String(), "")
			}
		case *ast.IfStmt:
			negate(n.Cond)
		case *ast.ForStmt:
			negate(n.Cond)
		case *ast.SwitchStmt:
			negate(caseConditions(n)...)
		case *ast.IncDecStmt:
			swap(n.TokPos, n.Tok)
		case *ast.AssignStmt:
			swap(n.TokPos, n.Tok)
		case *ast.BranchStmt:
			swap(n.TokPos, n.Tok)
		}
		return true
	})
	slices.SortStableFunc(all, func(a, b mutant) int { return cmp.Compare(a.At.Offset, b.At.Offset) })
	return all
}

// caseConditions returns the conditions of a switch without a tag.
func caseConditions(s *ast.SwitchStmt) []ast.Expr {
	if s.Tag != nil {
		return nil
	}
	var all []ast.Expr
	for _, clause := range s.Body.List {
		all = append(all, clause.(*ast.CaseClause).List...)
	}
	return all
}
