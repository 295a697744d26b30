; tellverify/smt-1
; obligation: CapabilitySet/law[associative]
; source: specs/laws/aura.toml
; sha256: f74326632f2796b81d3f63cf008897c5b209cf1cd7d3a7ce75e270e99424c083
(set-info :smt-lib-version 2.6)
(set-info :status unsat)
(set-info :core "p0")
(set-logic QF_LIA)
; x0: a.0
(declare-const x0 Bool)
; x1: b.0
(declare-const x1 Bool)
; x2: c.0
(declare-const x2 Bool)
; x3: a.1
(declare-const x3 Bool)
; x4: b.1
(declare-const x4 Bool)
; x5: c.1
(declare-const x5 Bool)
; x6: a.2
(declare-const x6 Bool)
; x7: b.2
(declare-const x7 Bool)
; x8: c.2
(declare-const x8 Bool)
; x9: a.3
(declare-const x9 Bool)
; x10: b.3
(declare-const x10 Bool)
; x11: c.3
(declare-const x11 Bool)
; p0: the law is broken
(assert (! (not (and (= (and x0 (and x1 x2)) (and (and x0 x1) x2)) (= (and x3 (and x4 x5)) (and (and x3 x4) x5)) (= (and x6 (and x7 x8)) (and (and x6 x7) x8)) (= (and x9 (and x10 x11)) (and (and x9 x10) x11)))) :named p0))
(check-sat)
