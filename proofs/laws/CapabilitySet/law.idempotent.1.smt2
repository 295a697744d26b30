; tellverify/smt-1
; obligation: CapabilitySet/law[idempotent]
; source: specs/laws/aura.toml
; sha256: f74326632f2796b81d3f63cf008897c5b209cf1cd7d3a7ce75e270e99424c083
(set-info :smt-lib-version 2.6)
(set-info :status unsat)
(set-info :core "p0")
(set-logic QF_LIA)
; x0: a.0
(declare-const x0 Bool)
; x1: a.1
(declare-const x1 Bool)
; x2: a.2
(declare-const x2 Bool)
; x3: a.3
(declare-const x3 Bool)
; p0: the law is broken
(assert (! (not (and (= (and x0 x0) x0) (= (and x1 x1) x1) (= (and x2 x2) x2) (= (and x3 x3) x3))) :named p0))
(check-sat)
