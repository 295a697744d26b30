; tellverify/smt-1
; obligation: CapabilitySet/law[monotone attenuate]
; source: specs/laws/aura.toml
; sha256: f74326632f2796b81d3f63cf008897c5b209cf1cd7d3a7ce75e270e99424c083
(set-info :smt-lib-version 2.6)
(set-info :status unsat)
(set-info :core "p0")
(set-logic QF_LIA)
; x0: x.0
(declare-const x0 Bool)
; x1: caveat.0
(declare-const x1 Bool)
; x2: x.1
(declare-const x2 Bool)
; x3: caveat.1
(declare-const x3 Bool)
; x4: x.2
(declare-const x4 Bool)
; x5: caveat.2
(declare-const x5 Bool)
; x6: x.3
(declare-const x6 Bool)
; x7: caveat.3
(declare-const x7 Bool)
; p0: the law is broken
(assert (! (not (and (= (and x0 (and x0 x1)) (and x0 x1)) (= (and x2 (and x2 x3)) (and x2 x3)) (= (and x4 (and x4 x5)) (and x4 x5)) (= (and x6 (and x6 x7)) (and x6 x7)))) :named p0))
(check-sat)
